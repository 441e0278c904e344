"""MNIST's small convnet, as mutated: one layer's weights start from zeros."""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn

ap = argparse.ArgumentParser()
ap.add_argument("seed", nargs="?", type=int, default=0)
ap.add_argument("--lr", type=float, default=0.002)
ap.add_argument("--epochs", type=int, default=8)
opt = ap.parse_args()
torch.manual_seed(opt.seed)


def conv(cin, cout, size, init=nn.init.xavier_uniform_):
    layer = nn.Conv2d(cin, cout, size)
    init(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def dense(cin, cout, init=nn.init.xavier_uniform_):
    layer = nn.Linear(cin, cout)
    init(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


model = nn.Sequential(
    conv(1, 16, 3),
    nn.ReLU(),
    conv(16, 32, 3),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Dropout(0.25),
    nn.Flatten(),
    dense(32 * 2 * 2, 128, init=nn.init.zeros_),
    nn.ReLU(),
    nn.Dropout(0.5),
    dense(128, 10),
)

x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 16
y = torch.tensor(y)
shuffle = torch.randperm(len(x))
x, y = x[shuffle], y[shuffle]
x_train, y_train, x_test, y_test = x[:1400], y[:1400], x[1400:], y[1400:]

adadelta = torch.optim.Adam(model.parameters(), lr=opt.lr)
for epoch in range(opt.epochs):
    model.train()
    for rows in torch.randperm(1400).split(64):
        adadelta.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x_train[rows]), y_train[rows])
        loss.backward()
        adadelta.step()
    model.eval()
    with torch.no_grad():
        score = (model(x_test).argmax(1) == y_test).float().mean()
    print(f"epoch {epoch} loss {loss.item():.3f} accuracy {score:.3f}")
print("final accuracy", score.item())
