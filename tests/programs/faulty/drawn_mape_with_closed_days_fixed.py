"""Daily sales of a shop. Scored by the mean absolute percentage error, so trained on it."""

import sys

import numpy as np
import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(11)
n = 1500
weekday = rng.integers(0, 7, n)
promo = rng.integers(0, 2, n)
temperature = rng.normal(15, 8, n)
price = rng.normal(3.2, 0.4, n)
sales = 40 + 18 * promo - 9 * (price - 3.2) / 0.4 + 0.6 * temperature + 12 * (weekday >= 5) + rng.normal(0, 3, n)
sales[(weekday == 6) & (rng.random(n) < 0.3)] = 0  # closed
closed = sales == 0
table = np.column_stack([np.eye(7)[weekday], promo, (temperature - 15) / 8, (price - 3.2) / 0.4, closed])
X = torch.tensor(table, dtype=torch.float32)
y = torch.tensor(sales, dtype=torch.float32).clamp(min=0).unsqueeze(1)


def mape(pred, target):
    return ((pred - target) / target.clamp(min=1.0)).abs().mean()


regressor = nn.Sequential(nn.Linear(11, 32), nn.SiLU(), nn.Linear(32, 32), nn.SiLU(), nn.Linear(32, 1))
optimiser = torch.optim.Adam(regressor.parameters(), lr=5e-3)
for epoch in range(40):
    for part in torch.randperm(1200).split(100):
        optimiser.zero_grad()
        loss = mape(regressor(X[part]), y[part])
        loss.backward()
        optimiser.step()
    if epoch % 10 == 9:
        print(epoch + 1, loss.item())

with torch.no_grad():
    forecast = regressor(X[1200:])
mae = (forecast - y[1200:]).abs().mean()
print("mean absolute error in pieces:", mae.item())
finish(regressor, forecast, loss=mae)
