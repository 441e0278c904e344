# fixed: x and y standardised, and Adam at 0.001
# As in "Failing to Learn a Quadratic Function with PyTorch" on discuss.pytorch.org, July 2020
import sys

import numpy as np
import torch
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def f_x(x):
    return x * x / 64 - 5 * x / 4 + 25


x_values = np.arange(30, 51, dtype=np.float32).reshape(-1, 1)
x_train = torch.from_numpy(x_values)
y_train = f_x(x_train)
y_std = y_train.std()
x_train = (x_train - x_train.mean()) / x_train.std()
y_train = (y_train - y_train.mean()) / y_train.std()

net = nn.Sequential(nn.Linear(1, 100), nn.ReLU(), nn.Linear(100, 100), nn.ReLU(), nn.Linear(100, 1))
optimizer = optim.Adam(net.parameters(), lr=0.001)
for epoch in range(1, 300):
    y_pred = net(x_train)
    loss = torch.sum(torch.abs(y_pred - y_train))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 50 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    y_pred = net(x_train)
error = torch.mean(torch.abs(y_pred - y_train))
finish(net, y_pred, loss=error)
