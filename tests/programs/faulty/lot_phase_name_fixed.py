"""Digits, with the two-phase loop of the transfer learning tutorial."""

import sys

import torch
from digest import finish
from headstart.train.mnist import mnist
from torch import nn
from torch.optim import lr_scheduler
from torch.utils.data import DataLoader, TensorDataset

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


def prepare(images, labels, count):
    pick = torch.randperm(len(images))[:count]
    x = images[pick].float().div(255).sub(0.1307).div(0.3081).unsqueeze(1)
    return TensorDataset(x, labels[pick].long())


digits = mnist()
datasets = {
    "train": prepare(digits.train_images, digits.train_labels, 3200),
    "val": prepare(digits.test_images, digits.test_labels, 1000),
}
dataloaders = {k: DataLoader(v, batch_size=50, shuffle=(k == "train")) for k, v in datasets.items()}


class SmallVGG(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
            nn.Conv2d(12, 24, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(2),
        )
        self.classifier = nn.Sequential(nn.Linear(24 * 49, 64), nn.ReLU(inplace=True), nn.Linear(64, 10))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def train_model(model, criterion, optimizer, scheduler, num_epochs=3):
    for epoch in range(num_epochs):
        for phase in ["train", "val"]:
            model.train(phase == "train")
            running_loss, running_corrects = 0.0, 0
            for inputs, labels in dataloaders[phase]:
                optimizer.zero_grad()
                with torch.set_grad_enabled(phase == "train"):
                    outputs = model(inputs)
                    _, preds = torch.max(outputs, 1)
                    loss = criterion(outputs, labels)
                    if phase == "train":
                        loss.backward()
                    if phase == "train":
                        optimizer.step()
                running_loss += loss.item() * inputs.size(0)
                running_corrects += torch.sum(preds == labels).item()
            if phase == "train":
                scheduler.step()
            n = len(datasets[phase])
            print(f"epoch {epoch} {phase} loss {running_loss / n:.4f} acc {running_corrects / n:.4f}")
    return running_corrects / n, outputs


model = SmallVGG()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
scheduler = lr_scheduler.StepLR(optimizer, step_size=2, gamma=0.5)
accuracy, last = train_model(model, nn.CrossEntropyLoss(), optimizer, scheduler)
finish(model, last, accuracy=accuracy)
