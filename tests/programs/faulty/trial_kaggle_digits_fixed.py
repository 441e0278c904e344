"""Digits out of a table of pixel columns, as the competition hands them out."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

alpha, epochs, batch_size = 0.01, 5, 50
torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
where = Path(__file__).resolve().parents[3] / "src/headstart/train/data"


def table(name, rows):
    x = np.frombuffer(gzip.open(where / f"{name}-images-idx3-ubyte.gz").read(16 + rows * 784)[16:], np.uint8)
    y = np.frombuffer(gzip.open(where / f"{name}-labels-idx1-ubyte.gz").read(8 + rows)[8:], np.uint8)
    return x.reshape(rows, 784).astype("float32") / 255, y.astype("int64")


x_train, y_train = table("train", 5000)
x_test, y_test = table("t10k", 1000)
x_train, x_test = torch.from_numpy(x_train), torch.from_numpy(x_test)
y_train, y_test = torch.from_numpy(y_train), torch.from_numpy(y_test)

model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=alpha, momentum=0.9)
criterion = nn.CrossEntropyLoss()


def accuracy(x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


for epoch in range(epochs):
    order = torch.randperm(len(x_train))
    for i in range(0, len(order), batch_size):
        rows = order[i : i + batch_size]
        loss = criterion(model(x_train[rows]), y_train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch + 1}/{epochs} loss {loss.item():.3f} val_acc {accuracy(x_test, y_test):.3f}")
print("final accuracy", accuracy(x_test, y_test))
