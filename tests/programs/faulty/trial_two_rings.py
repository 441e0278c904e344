"""Two rings, a deep stack of narrow ReLU layers."""

import math
import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def rings(n):
    label = torch.randint(2, (n,))
    radius = torch.where(label == 0, 1.0, 1.9) + 0.12 * torch.randn(n)
    angle = torch.rand(n) * 2 * math.pi
    return torch.stack([radius * angle.cos(), radius * angle.sin()], 1), label


def dense(ins, outs):
    layer = nn.Linear(ins, outs)
    nn.init.normal_(layer.weight, std=(2 / ins) ** 0.5)
    nn.init.constant_(layer.bias, -2.5)
    return nn.Sequential(layer, nn.ReLU())


blocks = [dense(2, 32)] + [dense(32, 32) for _ in range(4)]
model = nn.Sequential(*blocks, nn.Linear(32, 2))
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=25)
x, y = rings(1500)
test_x, test_y = rings(500)
for epoch in range(25):
    for rows in torch.randperm(len(x)).split(32):
        loss = criterion(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    if epoch % 5 == 4:
        print(f"{epoch + 1}: {loss.item():.4f}")
with torch.no_grad():
    print("final accuracy", (model(test_x).argmax(1) == test_y).float().mean().item())
