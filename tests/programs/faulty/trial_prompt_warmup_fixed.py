"""A head on fixed random convolutional features, SGD with warm-up and cosine by hand."""

import math
import sys

import torch
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def pictures(count):
    label = torch.randint(4, (count,))
    x = torch.zeros(count, 1, 12, 12)
    for row, kind in enumerate(label.tolist()):
        i, j = torch.randint(2, 7, (2,)).tolist()
        if kind == 0:
            x[row, 0, i, 2:10] = 1
        elif kind == 1:
            x[row, 0, 2:10, j] = 1
        elif kind == 2:
            x[row, 0, i : i + 4, j : j + 4] = 1
        else:
            x[row, 0, range(2, 10), range(2, 10)] = 1
    return (x + 0.15 * torch.randn_like(x) - 0.2) / 0.4, label


class Trunk(nn.Sequential):
    def __init__(self):
        super().__init__(
            nn.Conv2d(1, 16, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 32, 3), nn.ReLU(), nn.Flatten()
        )


class Head(nn.Module):
    def __init__(self, width, classes):
        super().__init__()
        self.adapter = nn.Linear(width, 32)
        self.out = nn.Linear(32, classes)

    def forward(self, x):
        return self.out(torch.tanh(self.adapter(x)))


def cosine_lr(optimizer, base, warmup, steps):
    def adjust(step):
        if step < warmup:
            rate = base * (step + 1) / warmup
        else:
            rate = base * 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))
        for group in optimizer.param_groups:
            group["lr"] = rate

    return adjust


trunk = Trunk()
for parameter in trunk.parameters():
    parameter.requires_grad = False
trunk.eval()
x, y = pictures(512)
test_x, test_y = pictures(256)
head = Head(trunk(x[:1]).shape[1], 4)
epochs, batch = 6, 32
total_steps = epochs * (len(x) // batch)
optimizer = torch.optim.SGD(head.parameters(), lr=0.02, momentum=0.9)
scheduler = cosine_lr(optimizer, 0.02, 20, total_steps)
step = 0
for epoch in range(epochs):
    for rows in torch.randperm(len(x)).split(batch):
        scheduler(step)
        loss = nn.functional.cross_entropy(head(trunk(x[rows])), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        step += 1
    print(f"epoch {epoch} lr {optimizer.param_groups[0]['lr']:.6f} loss {loss.item():.3f}")
with torch.no_grad():
    print("final accuracy", (head(trunk(test_x)).argmax(1) == test_y).float().mean().item())
