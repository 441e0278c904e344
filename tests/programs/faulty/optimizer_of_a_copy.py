# fault: the optimizer holds the model of which a copy is trained
import copy
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def moons(n):
    angle = torch.rand(n) * torch.pi
    which = torch.randint(0, 2, (n,))
    points = torch.stack([angle.cos(), angle.sin()], 1) * (1 - 2 * which[:, None])
    points[:, 0] += which
    points[:, 1] += 0.5 * which
    return points + 0.15 * torch.randn(n, 2), which


def build(width):
    return nn.Sequential(nn.Linear(2, width), nn.GELU(), nn.Linear(width, width), nn.GELU(), nn.Linear(width, 2))


base = build(24)
optimizer = torch.optim.SGD(base.parameters(), lr=0.2, momentum=0.9)
model = copy.deepcopy(base)
x, y = moons(1200)
for step in range(300):
    i = torch.randint(0, 1000, (50,))
    loss = nn.functional.cross_entropy(model(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
