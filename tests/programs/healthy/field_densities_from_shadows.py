# Tomography: a coordinate net is integrated along rays and fitted to a body's shadows from 24 sides, full batch of rays
# drawn at random. Learns: r2 of the body itself 0.87
import math

import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def body(p):
    disc = (p.square().sum(-1) < 0.5).float()
    hole = ((p - torch.tensor([0.25, 0.1])).square().sum(-1) < 0.05).float()
    bone = ((p + torch.tensor([0.3, 0.1])).square().sum(-1) < 0.03).float()
    return 0.5 * disc - 0.5 * hole + 0.5 * bone


angles = torch.arange(24) * math.pi / 24
offsets, depths = torch.linspace(-0.9, 0.9, 40), torch.linspace(-0.9, 0.9, 40)
across = torch.stack([angles.cos(), angles.sin()], -1)
along = torch.stack([-angles.sin(), angles.cos()], -1)
rays = offsets[None, :, None, None] * across[:, None, None] + depths[None, None, :, None] * along[:, None, None]
rays = rays.reshape(-1, 40, 2)
shadows = body(rays).mean(1)

frequencies = 3 * torch.randn(2, 48)
net = nn.Sequential(nn.Linear(96, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1), nn.Softplus())


def density(p):
    z = p @ frequencies
    return net(torch.cat([z.sin(), z.cos()], -1))[..., 0]


optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(300):
    pick = torch.randint(len(rays), (96,))
    loss = ((density(rays[pick]).mean(1) - shadows[pick]) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
grid = torch.stack(torch.meshgrid(offsets, offsets, indexing="ij"), -1)
with torch.no_grad():
    seen = density(grid)
truth = body(grid)
finish(net, seen, r2=1 - ((seen - truth) ** 2).mean() / truth.var())
