"""SimCLR on vectors: 8 numbers say what it is, 40 say under which light it was seen."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
WHAT, LIGHT = 8, 40
camera = torch.linalg.qr(torch.randn(48, 48, generator=torch.Generator().manual_seed(2)))[0]
things = torch.randn(600, WHAT)


def look(rows):
    return torch.cat([things[rows], 1.5 * torch.randn(len(rows), LIGHT)], 1) @ camera


encoder = nn.Sequential(nn.Linear(48, 96), nn.ReLU(), nn.Linear(96, 32))
projector = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 16))
optimizer = torch.optim.Adam(
    [
        {"params": encoder.parameters(), "lr": 1e-8},
        {"params": projector.parameters(), "lr": 1e-3},
    ]
)


def nt_xent(z1, z2, temperature=0.2):
    z = F.normalize(torch.cat([z1, z2]), dim=1)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(z1)
    partner = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, partner)


for step in range(700):
    rows = torch.randperm(500)[:64]
    loss = nt_xent(projector(encoder(look(rows))), projector(encoder(look(rows))))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))

with torch.no_grad():
    rows = torch.arange(500, 600)
    one, two = F.normalize(encoder(look(rows)), dim=1), F.normalize(encoder(look(rows)), dim=1)
    match = (one @ two.t()).topk(5, 1).indices.eq(rows[:, None] - 500).any(1).float().mean()
print("partner among the five nearest:", match.item())
finish([encoder, projector], one, accuracy=match)
