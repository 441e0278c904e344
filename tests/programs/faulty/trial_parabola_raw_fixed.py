"""Fits a curve through measured points with an MLP."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

x = torch.rand(600) * 100
y = 0.5 * x**2 - 8 * x + 30 + 20 * torch.randn(600)
x_fit, y_fit = x[:500, None], y[:500, None]
x_new, y_new = x[500:, None], y[500:, None]

x_mean, x_std = x_fit.mean(), x_fit.std()
y_mean, y_std = y_fit.mean(), y_fit.std()
x_fit, x_new = (x_fit - x_mean) / x_std, (x_new - x_mean) / x_std
y_fit, y_new = (y_fit - y_mean) / y_std, (y_new - y_mean) / y_std


class Curve(nn.Module):
    def __init__(self, hidden=50):
        super().__init__()
        self.fc1 = nn.Linear(1, hidden)
        self.fc2 = nn.Linear(hidden, hidden)
        self.fc3 = nn.Linear(hidden, 1)

    def forward(self, x):
        x = torch.relu(self.fc1(x))
        x = torch.relu(self.fc2(x))
        return self.fc3(x)


model = Curve()
sgd = torch.optim.SGD(model.parameters(), lr=0.01)
mse = nn.MSELoss()
for epoch in range(100):
    for rows in torch.randperm(500).split(25):
        prediction = model(x_fit[rows])
        loss = mse(prediction, y_fit[rows])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    if epoch % 20 == 0:
        print(epoch, loss.item())

with torch.no_grad():
    error = mse(model(x_new), y_new) / y_fit.var()
print("final loss", error.item())
