"""Noise of an airfoil by five measurements: a deep, narrow network, by plain SGD."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

DEPTH, WIDTH = 20, 64


def simulate(n):
    x = torch.rand(n, 5) * 2 - 1
    noise = torch.sin(2 * x[:, 0]) * x[:, 1] + (x[:, 2] - 0.4 * x[:, 3]).abs() - 0.5 * x[:, 4] ** 2
    return x * 3**0.5, (noise - 0.3) / 0.65


class DeepNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(5, WIDTH)] + [nn.Linear(WIDTH, WIDTH) for _ in range(DEPTH - 1)])
        self.head = nn.Linear(WIDTH, 1)
        self.reset_parameters()

    def reset_parameters(self):
        for layer in self.layers:
            nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        nn.init.normal_(self.head.weight, std=0.01)
        nn.init.zeros_(self.head.bias)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.head(x).squeeze(-1)


x, y = simulate(2000)
x_test, y_test = simulate(500)
net = DeepNet()
sgd = torch.optim.SGD(net.parameters(), lr=0.004)
for epoch in range(1, 26):
    total = 0.0
    for idx in torch.randperm(len(x)).split(40):
        sgd.zero_grad()
        loss = F.mse_loss(net(x[idx]), y[idx])
        loss.backward()
        sgd.step()
        total += loss.item() * len(idx)
    if epoch % 5 == 0:
        print(f"epoch {epoch}: mse {total / len(x):.4f}")

with torch.no_grad():
    pred = net(x_test)
    print(f"variance of the targets {y_test.var():.3f}")
finish(net, pred, test_loss=F.mse_loss(pred, y_test))
