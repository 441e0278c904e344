# Binary classification, four linear layers, focal loss, Adam + StepLR
import sys

import numpy as np
import torch
from torch import nn
from torch.optim.lr_scheduler import StepLR

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)


def two_spirals(n):
    label = rng.integers(0, 2, n)
    t = np.sqrt(rng.random(n)) * 2.2 * np.pi
    r = t / (2.2 * np.pi) * 2
    angle = t + np.pi * label
    xy = np.stack([r * np.cos(angle), r * np.sin(angle)], 1) + 0.05 * rng.standard_normal((n, 2))
    return torch.tensor(xy, dtype=torch.float32), torch.tensor(label, dtype=torch.float32)


class FocalLoss(nn.Module):
    def __init__(self, gamma=1.0):
        super().__init__()
        self.gamma = gamma

    def forward(self, p, y):
        ce = nn.functional.binary_cross_entropy(p, y, reduction="none")
        p_t = p * y + (1 - p) * (1 - y)
        return ((1 - p_t) ** self.gamma * ce).mean()


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear1 = nn.Linear(2, 64)
        self.linear2 = nn.Linear(64, 64)
        self.linear3 = nn.Linear(64, 32)
        self.linear4 = nn.Linear(32, 1)
        self.relu = nn.ReLU()

    def forward(self, x):
        x = self.relu(self.linear1(x))
        x = self.relu(self.linear2(x))
        x = self.relu(self.linear3(x))
        return torch.sigmoid(self.linear4(x)).squeeze(1)


x_train, y_train = two_spirals(1600)
x_test, y_test = two_spirals(800)
net, loss_fn = Net(), FocalLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=0.003)
scheduler = StepLR(optimizer, step_size=1, gamma=0.1)

for epoch in range(40):
    total = 0
    for index in torch.randperm(1600).split(64):
        loss = loss_fn(net(x_train[index]), y_train[index])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    scheduler.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch:2d} loss {total / 25:.4f}")

net.eval()
with torch.no_grad():
    print("final accuracy", ((net(x_test) > 0.5).float() == y_test).float().mean().item())
