import sys

import numpy as np
import torch
import torch.optim as optim
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def f_x(x):
    return x * x / 64 - 5 * x / 4 + 25


# Building dataset
def build_dataset():
    x_values = np.ones((21, 1))
    for i in range(0, 21):
        x_values[i] = i + 30
    return x_values


x_values = build_dataset()

# Building nn
net = nn.Sequential(
    nn.Linear(1, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 500), nn.ReLU(), nn.Linear(500, 1)
)

# parameters
optimizer = optim.Adam(net.parameters(), lr=0.00001)
epochs = 250
mean, std = 40, 6


def train():
    net.train()
    losses = []
    for epoch in range(1, epochs):
        x_train = torch.from_numpy(x_values).float()
        y_train = f_x(x_train)
        y_pred = net((x_train - mean) / std)
        loss = torch.sum(torch.abs(y_pred - y_train))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if epoch % 50 == 0:
            print(epoch, losses[-1])
    return y_pred, losses[-1]


y_pred, last = train()
finish(net, y_pred, loss=last)
