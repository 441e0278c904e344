"""Digits read as from one folder per class."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, Subset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)


class DigitFolder(Dataset):
    """Samples are listed class by class, as ImageFolder lists its files."""

    def __init__(self):
        images, labels = load_digits(return_X_y=True)
        self.samples = []
        for digit in range(10):
            for image in images[labels == digit]:
                self.samples.append((torch.tensor(image, dtype=torch.float32).view(1, 8, 8), digit))

    def __len__(self):
        return len(self.samples)

    def __getitem__(self, index):
        image, label = self.samples[index]
        return (image - 4.9) / 6.0, label


dataset = DigitFolder()
held_out = set(torch.randperm(len(dataset))[:400].tolist())
train_set = Subset(dataset, [i for i in range(len(dataset)) if i not in held_out])
test_set = Subset(dataset, sorted(held_out))
train_loader = DataLoader(train_set, batch_size=32, shuffle=True)
test_loader = DataLoader(test_set, batch_size=100)

model = nn.Sequential()
model.add_module("conv1", nn.Conv2d(1, 16, 3, padding=1))
model.add_module("relu1", nn.ReLU())
model.add_module("conv2", nn.Conv2d(16, 32, 3, stride=2, padding=1))
model.add_module("relu2", nn.ReLU())
model.add_module("flatten", nn.Flatten())
model.add_module("fc1", nn.Linear(512, 64))
model.add_module("relu3", nn.ReLU())
model.add_module("fc2", nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)
loss_fn = nn.CrossEntropyLoss()

for epoch in range(8):
    model.train()
    total = 0.0
    for images, labels in train_loader:
        loss = loss_fn(model(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / len(train_loader):.4f}")

model.eval()
with torch.no_grad():
    hits = sum((model(images).argmax(1) == labels).sum().item() for images, labels in test_loader)
print(f"final accuracy {hits / len(test_set):.4f}")
