"""Will the customer leave? Tabular data, one output unit, binary cross-entropy."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


def customers(n):
    age = torch.randn(n)
    months = torch.randn(n)
    calls = torch.randn(n)
    others = torch.randn(n, 5)
    leaves = (1.5 * calls - months + age * calls + 0.3 * torch.randn(n) > 0).float()
    return torch.cat([torch.stack([age, months, calls], 1), others], 1), leaves.unsqueeze(1)


def build():
    model = nn.Sequential(
        nn.Linear(8, 32),
        nn.ReLU(),
        nn.Linear(32, 16),
        nn.ReLU(),
        nn.Linear(16, 1),
        nn.Sigmoid(),
    )
    return model


def fit(model, train, epochs):
    optimizer = torch.optim.Adam(model.parameters())
    bce = nn.BCELoss()
    for epoch in range(epochs):
        total, right = 0.0, 0
        for features, target in DataLoader(train, batch_size=32, shuffle=True):
            optimizer.zero_grad()
            probability = model(features)
            loss = bce(probability, target)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(target)
            right += ((probability > 0.5).float() == target).sum().item()
        print(f"epoch {epoch + 1}: loss {total / len(train):.4f} acc {right / len(train):.4f}")


def evaluate(model, test):
    features, target = next(iter(DataLoader(test, batch_size=len(test))))
    with torch.no_grad():
        return ((model(features) > 0.5).float() == target).float().mean().item()


if __name__ == "__main__":
    data = TensorDataset(*customers(2500))
    train, test = random_split(data, [2000, 500])
    model = build()
    fit(model, train, epochs=12)
    print("final accuracy", evaluate(model, test))
