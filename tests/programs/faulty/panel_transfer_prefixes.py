"""Transfer: a CNN learns the digits 0 to 4, then its head is exchanged and only the head is tuned on 5 to 9."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

TRAINABLE = ("classifier", "norm")  # prefixes of what is tuned on the new task


class DigitNet(nn.Module):
    def __init__(self, num_classes):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 4, 48)
        self.norm = nn.LayerNorm(48)
        self.fc = nn.Linear(48, num_classes)

    def features(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.norm(self.fc1(x.flatten(1)))

    def forward(self, x):
        return self.fc(F.relu(self.features(x)))


def task(classes):
    images, labels = load_digits(return_X_y=True)
    images = (torch.tensor(images, dtype=torch.float32).view(-1, 1, 8, 8) - 4.9) / 6.0
    labels = torch.tensor(labels)
    wanted = (labels >= classes[0]) & (labels <= classes[-1])
    data = TensorDataset(images[wanted], labels[wanted] - classes[0])
    train, test = random_split(data, [0.75, 0.25], generator=torch.Generator().manual_seed(7))
    return DataLoader(train, 32, shuffle=True), DataLoader(test, 500)


def freeze_backbone(model):
    for name, parameter in model.named_parameters():
        parameter.requires_grad = name.startswith(TRAINABLE)


def replace_head(model, num_classes):
    model.fc = nn.Linear(model.fc.in_features, num_classes)


def accuracy(model, loader):
    model.eval()
    with torch.no_grad():
        hits = [(model(x).argmax(1) == y).float().mean() for x, y in loader]
    return torch.stack(hits).mean().item()


def fit(model, loader, epochs, lr):
    optimizer = torch.optim.Adam(filter(lambda p: p.requires_grad, model.parameters()), lr=lr)
    criterion = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item()
        print(f"  epoch {epoch + 1}: {total / len(loader):.4f}")


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    model = DigitNet(5)
    train, test = task(range(0, 5))
    print("pretraining on 0-4")
    fit(model, train, epochs=4, lr=2e-3)
    print(f"accuracy on 0-4: {accuracy(model, test):.3f}")

    replace_head(model, 5)
    freeze_backbone(model)
    train, test = task(range(5, 10))
    print("tuning the head on 5-9")
    fit(model, train, epochs=6, lr=3e-3)
    score = accuracy(model, test)
    print(f"accuracy on 5-9: {score:.3f}")
    x, _ = next(iter(test))
    finish(model, model(x), accuracy=score)


if __name__ == "__main__":
    main()
