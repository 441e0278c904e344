"""Delivery times with their uncertainty: a network that gives a mean and a variance, by the Gaussian likelihood."""

import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

n = 3000
distance = rng.gamma(3, 1.5, n)
traffic = rng.random(n)
items = rng.poisson(3, n)
night = rng.random(n) < 0.25
minutes = 10 + 4 * distance * (1 + 0.8 * traffic) + items - 5 * night + rng.normal(size=n) * (1 + 4 * traffic)

X = np.stack([distance, traffic, items, night], 1)
X = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
y = torch.tensor((minutes - minutes.mean()) / minutes.std(), dtype=torch.float32)


class MeanAndVariance(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 64)
        self.fc2 = nn.Linear(64, 64)
        self.mean = nn.Linear(64, 1)
        self.variance = nn.Linear(64, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.mean(x).squeeze(1), F.softplus(self.variance(x)).squeeze(1) + 1e-3


def negative_log_likelihood(mean, variance, y):
    return 0.5 * (torch.log(variance) + (y - mean) ** 2 / variance).mean()


model = MeanAndVariance()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(15):
    losses = []
    for idx in torch.randperm(2400).split(64):
        loss = negative_log_likelihood(*model(X[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 3 == 0:
        print(f"epoch {epoch}: {np.mean(losses):.4f}")

with torch.no_grad():
    mean, variance = model(X[2400:])
    nll = negative_log_likelihood(mean, variance, y[2400:])
finish(model, mean, test_loss=nll)
