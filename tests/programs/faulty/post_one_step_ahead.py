# one-step-ahead forecast from 16 lagged series (dense, GRU, dense): the training loss plateaus at about the variance
import sys

import numpy as np
import torch
from digest import finish
from sklearn.preprocessing import MinMaxScaler
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

T, SERIES, LAG = 658, 16, 8
t = np.arange(T)
drivers = np.stack([np.sin(t / p + rng.uniform(0, 6)) for p in rng.uniform(2, 12, SERIES - 1)], 1)
drivers += 0.2 * rng.normal(size=drivers.shape)
demand = 95 + 6 * drivers[:, :4].sum(1) + 2 * rng.normal(size=T)
table = np.column_stack([demand, drivers])

n_train = int(0.9 * T)
inputs = MinMaxScaler().fit(table[:n_train]).transform(table)
X = np.stack([inputs[i : i + LAG] for i in range(T - LAG)]).astype("float32")
y = table[LAG:, :1].astype("float32")
X_train, X_test = torch.tensor(X[: n_train - LAG]), torch.tensor(X[n_train - LAG :])
y_train, y_test = torch.tensor(y[: n_train - LAG]), torch.tensor(y[n_train - LAG :])
shift, scale = torch.zeros(1), torch.ones(1)
y_train, y_test = (y_train - shift) / scale, (y_test - shift) / scale


class Forecaster(nn.Module):
    def __init__(self, units=32):
        super().__init__()
        self.inp = nn.Linear(SERIES, units)
        self.gru = nn.GRU(units, units, batch_first=True)
        self.out = nn.Linear(units, 1)

    def forward(self, x):
        h, _ = self.gru(torch.relu(self.inp(x)))
        return self.out(h[:, -1])


model = Forecaster()
adam = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(60):
    epoch_loss = 0.0
    for rows in torch.randperm(len(X_train)).split(32):
        loss = nn.functional.mse_loss(model(X_train[rows]), y_train[rows])
        adam.zero_grad()
        loss.backward()
        adam.step()
        epoch_loss += loss.item() * len(rows) / len(X_train)
    if epoch % 10 == 0:
        print(epoch, round(epoch_loss, 3))

with torch.no_grad():
    forecast = model(X_test) * scale + shift
error = (forecast - torch.tensor(table[n_train:, :1].astype("float32"))).pow(2).mean()
print("mean squared error of the test", error.item(), "variance", table[n_train:, 0].var())
finish(model, forecast, loss=error)
