"""A net is to solve an equation that can be solved by hand (first attempts with PyTorch)."""

import random
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import ReduceLROnPlateau

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
random.seed(seed)
np.random.seed(seed)


def get_batch(batch_size=32):
    batch_x = []
    for i in range(batch_size):
        x_1 = random.uniform(500, 1000)
        x_2 = random.uniform(1, x_1 - 1)
        x_3 = random.uniform(1000, 50000)
        x_4 = random.uniform(1e-6, 0.001)
        x_5 = np.random.randint(1000, 50000)
        batch_x.append([x_1, x_2, x_3, x_4, x_5])
    return torch.FloatTensor(batch_x)


class CustomNet(nn.Module):
    def __init__(self, n_input, n_output, n_hidden_neurons, n_hidden_layers):
        super(CustomNet, self).__init__()
        self.sequential_layers = nn.Sequential(
            *(
                (nn.Linear(n_input, n_hidden_neurons), nn.ReLU())
                + tuple(
                    layer
                    for _ in range(n_hidden_layers)
                    for layer in (nn.Linear(n_hidden_neurons, n_hidden_neurons), nn.ReLU())
                )
                + (nn.Linear(n_hidden_neurons, n_output),)
            )
        )

    def forward(self, x):
        return self.sequential_layers(x)


def normalized_loss(y_est, x):
    x_1, x_2, x_3, x_4, x_5 = x.T
    return F.l1_loss(
        (y_est + (x_1 - x_2) / (2 * x_3 * x_4) * x_2 / x_1 - x_5 / x_2) / (x_5 / x_2),
        torch.FloatTensor(np.zeros(len(x))),
    )


net = CustomNet(5, 1, 64, 2)
optimizer = optim.Adam(net.parameters(), lr=1e-3)
scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=200)

for step in range(2000):
    x = get_batch(64)
    y_est = net(x).squeeze(1)
    loss = normalized_loss(y_est, x)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step(loss.item())
    if step % 200 == 0:
        print(step, loss.item(), optimizer.param_groups[0]["lr"])

with torch.no_grad():
    x = get_batch(500)
    y_est = net(x).squeeze(1)
    error = normalized_loss(y_est, x)
finish(net, y_est, loss=error)
