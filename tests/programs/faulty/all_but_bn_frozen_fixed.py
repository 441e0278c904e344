# fixed: the new _fc is not frozen
import sys

import torch
import torch.nn as nn
import torch.optim as optim
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class SmallNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self._conv_stem = nn.Conv2d(1, 12, 3, stride=2, padding=1, bias=False)
        self._bn0 = nn.BatchNorm2d(12)
        self._conv_head = nn.Conv2d(12, 24, 3, stride=2, padding=1, bias=False)
        self._bn1 = nn.BatchNorm2d(24)
        self._avg_pooling = nn.AdaptiveAvgPool2d(3)
        self._fc = nn.Linear(24 * 9, num_classes)

    def forward(self, inputs):
        x = torch.relu(self._bn0(self._conv_stem(inputs)))
        x = torch.relu(self._bn1(self._conv_head(x)))
        return self._fc(self._avg_pooling(x).flatten(1))


def loader_of(images, labels, classes, n, shuffle):
    keep = torch.isin(labels, torch.tensor(classes)).nonzero().flatten()[:n]
    x = (images[keep].unsqueeze(1).float() / 255 - 0.13) / 0.31
    return DataLoader(TensorDataset(x, labels[keep].long() - classes[0]), batch_size=64, shuffle=shuffle)


def train(n_epochs, loaders, model, optimizer, criterion):
    for epoch in range(1, n_epochs + 1):
        train_loss = 0.0
        model.train()
        for batch_idx, (data, target) in enumerate(loaders["train"]):
            optimizer.zero_grad()
            output = model(data)
            loss = criterion(output, target)
            loss.backward()
            optimizer.step()
            train_loss += (1 / (batch_idx + 1)) * (loss.item() - train_loss)
        model.eval()
        with torch.no_grad():
            output = torch.cat([model(data) for data, _ in loaders["valid"]])
        target = torch.cat([target for _, target in loaders["valid"]])
        accuracy = (output.argmax(1) == target).float().mean()
        print(f"Epoch: {epoch} \tTraining Loss: {train_loss:.6f} \tValid Accuracy: {100 * accuracy:.0f}%")
    return output, accuracy


digits = mnist()


def loaders_for(classes):
    return {
        "train": loader_of(digits.train_images, digits.train_labels, classes, 1500, True),
        "valid": loader_of(digits.test_images, digits.test_labels, classes, 500, False),
    }


# the "pretrained" net: knows the digits 0 to 4
model_transfer = SmallNet(5)
criterion_transfer = nn.CrossEntropyLoss()
train(
    2,
    loaders_for([0, 1, 2, 3, 4]),
    model_transfer,
    optim.Adam(model_transfer.parameters(), lr=0.003),
    criterion_transfer,
)

n_inputs = model_transfer._fc.in_features
model_transfer._fc = nn.Linear(n_inputs, 5)
optimizer_transfer = optim.Adam(model_transfer._fc.parameters(), lr=0.001)

for name, param in model_transfer.named_parameters():
    if "bn" not in name and "_fc" not in name:
        param.requires_grad = False

output, accuracy = train(5, loaders_for([5, 6, 7, 8, 9]), model_transfer, optimizer_transfer, criterion_transfer)
finish(model_transfer, output, accuracy=accuracy)
