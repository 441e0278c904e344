"""House prices in dollars and raw columns: the model keeps the scales of both, and the loss is relative to the price's."""

import sys

import numpy as np
import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
gen = np.random.default_rng(21)
n = 1600
area, rooms, built, distance = (
    gen.normal(110, 35, n).clip(30),
    gen.integers(1, 8, n),
    gen.integers(1900, 2024, n),
    gen.gamma(2, 4000, n),
)
price = (
    1500 * area
    + 9000 * rooms
    + 700 * (built - 1900)
    - 4 * distance
    + 80 * area * np.exp(-distance / 4000) * 10
    + gen.normal(0, 12000, n)
)
X = torch.tensor(np.stack([area, rooms, built, distance], 1), dtype=torch.float32)
y = torch.tensor(price, dtype=torch.float32)


class Scaled(nn.Module):
    def __init__(self, x, y):
        super().__init__()
        self.register_buffer("mean", x.mean(0))
        self.register_buffer("std", x.std(0))
        self.register_buffer("y_mean", y.mean())
        self.register_buffer("y_std", y.std())
        self.body = nn.Sequential(nn.Linear(4, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 1))

    def forward(self, x):
        return self.body((x - self.mean) / self.std).squeeze(1) * self.y_std + self.y_mean


model = Scaled(X[:1300], y[:1300])
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
huber = nn.HuberLoss(delta=1.0)
for epoch in range(30):
    for rows in torch.randperm(1300).split(65):
        loss = huber(model(X[rows]) / model.y_std, y[rows] / model.y_std)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", loss.item())
with torch.no_grad():
    predicted = model(X[1300:])
r2 = 1 - (predicted - y[1300:]).pow(2).mean() / y[1300:].var()
finish(model, predicted, accuracy=r2)
