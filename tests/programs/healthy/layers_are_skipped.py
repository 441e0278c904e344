# Stochastic depth by Python's random: in each batch some residual blocks are left out as a whole (then they have no gradient), with linearly rising chances; in evaluation they are scaled. Learns: accuracy 0.95
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)


class ResBlock(nn.Module):
    def __init__(self, width, survival):
        super().__init__()
        self.survival = survival
        self.bn1, self.fc1 = nn.BatchNorm1d(width), nn.Linear(width, width)
        self.bn2, self.fc2 = nn.BatchNorm1d(width), nn.Linear(width, width)

    def branch(self, x):
        return self.fc2(F.relu(self.bn2(self.fc1(F.relu(self.bn1(x))))))

    def forward(self, x):
        if self.training:
            if random.random() < self.survival:
                return x + self.branch(x)
            return x
        return x + self.survival * self.branch(x)


class Net(nn.Module):
    def __init__(self, depth=8, width=48, last=0.2):
        super().__init__()
        self.stem = nn.Linear(64, width)
        self.blocks = nn.ModuleList([ResBlock(width, 1 - l / depth * (1 - last)) for l in range(1, depth + 1)])
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return self.head(F.relu(x))


X, Y = load_digits(return_X_y=True)
X, Y = torch.tensor(X, dtype=torch.float32) / 16, torch.tensor(Y)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4, nesterov=True)
scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [8, 11], 0.1)
for epoch in range(13):
    net.train()
    for rows in torch.randperm(1400).split(50):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(X[rows]), Y[rows])
        loss.backward()
        optimizer.step()
    scheduler.step()
    net.eval()
    with torch.no_grad():
        out = net(X[1400:])
        acc = (out.argmax(1) == Y[1400:]).float().mean().item()
    if epoch % 4 == 0:
        print(f"epoch {epoch} train {loss.item():.3f} test accuracy {acc:.3f}")
finish(net, out, accuracy=acc)
