# fixed: the net predicts log1p of the count
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.RandomState(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

# bike rentals: temperature, humidity, wind, hour of the day as sine and cosine
n = 1200
hour = rng.randint(0, 24, n)
temperature, humidity, wind = rng.randn(3, n)
mean_count = np.exp(3 + 0.5 * temperature - 0.3 * humidity + np.sin(hour / 24 * 2 * np.pi))
counts = rng.poisson(mean_count)
X = np.column_stack([temperature, humidity, wind, np.sin(hour / 24 * 2 * np.pi), np.cos(hour / 24 * 2 * np.pi)])
X, y = torch.from_numpy(X).float(), torch.from_numpy(counts).float().unsqueeze(1)


class RMSLELoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.mse = nn.MSELoss()

    def forward(self, pred, actual):
        return torch.sqrt(self.mse(pred, torch.log(actual + 1)))


model = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
criterion = RMSLELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(10):
    for rows in torch.randperm(1000).split(50):
        loss = criterion(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "rmsle", loss.item())
with torch.no_grad():
    out = model(X[1000:])
finish(model, out, loss=criterion(out, y[1000:]))
