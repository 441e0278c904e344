"""Autoencoder for sensor curves, several dense layers of logistic units on either side of the code."""

import math
import sys

import torch
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
DIM = 32


def curves(n):
    t = torch.linspace(0, 1, DIM)
    phase, rate, lift = torch.rand(n, 1) * 2 * math.pi, torch.rand(n, 1) * 1.5 + 0.5, torch.randn(n, 1)
    return 1.2 * torch.sin(2 * math.pi * rate * t + phase) + 0.5 * lift + 0.03 * torch.randn(n, DIM)


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        sizes = [DIM, 64, 64, 64, 8, 64, 64, 64]
        self.hidden = nn.ModuleList([nn.Linear(a, b) for a, b in zip(sizes, sizes[1:])])
        self.last = nn.Linear(64, DIM)
        self.activation = nn.Sigmoid()
        for layer in self.hidden:
            nn.init.xavier_normal_(layer.weight)

    def forward(self, x):
        for layer in self.hidden:
            x = self.activation(layer(x))
        return self.last(x)


train, test = curves(2000), curves(400)
model = AutoEncoder()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(15):
    for rows in torch.randperm(len(train)).split(32):
        loss = nn.functional.mse_loss(model(train[rows]), train[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
model.eval()
with torch.no_grad():
    print("final loss", nn.functional.mse_loss(model(test), test).item())
