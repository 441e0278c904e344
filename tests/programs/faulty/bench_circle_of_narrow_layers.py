"""Two circles, told apart by a tower of narrow ReLU layers."""

import sys

import torch
from sklearn.datasets import make_circles
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

points, ring = make_circles(n_samples=1200, noise=0.08, factor=0.4, random_state=seed)
points = torch.tensor(points, dtype=torch.float32)
ring = torch.tensor(ring, dtype=torch.float32).unsqueeze(1)
points_val, ring_val = points[1000:], ring[1000:]
points, ring = points[:1000], ring[:1000]

layers, width = [], 2
for _ in range(8):
    layers += [nn.Linear(width, 10), nn.ReLU()]
    width = 10
layers += [nn.Linear(width, 1), nn.Sigmoid()]
net = nn.Sequential(*layers)
for m in net:
    if isinstance(m, nn.Linear):
        nn.init.uniform_(m.weight, -0.05, 0.05)
        nn.init.zeros_(m.bias)

optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
bce = nn.BCELoss()
for epoch in range(40):
    order = torch.randperm(len(points))
    total = 0.0
    for idx in order.split(32):
        loss = bce(net(points[idx]), ring[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "loss", round(total / len(points), 4))

with torch.no_grad():
    answer = net(points_val)
finish(net, answer, accuracy=((answer > 0.5).float() == ring_val).float().mean())
