# Optimal transport: a small map is trained so that a Gaussian cloud lands on two rings beside it, by the Sinkhorn divergence of fresh batches. Learns: divergence 0.07 from 4.4
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)


def rings(n):
    angle = 2 * torch.pi * torch.rand(n, 1)
    radius = torch.where(torch.rand(n, 1) < 0.5, 1.0, 2.0)
    return torch.tensor([3.0, 0.0]) + radius * torch.cat([angle.cos(), angle.sin()], 1) + 0.03 * torch.randn(n, 2)


def entropic(x, y, eps=0.1, rounds=25):
    cost = ((x[:, None] - y[None]) ** 2).sum(-1) / 2
    f, g = torch.zeros(len(x)), torch.zeros(len(y))
    log_n = torch.log(torch.tensor(float(len(x))))
    for _ in range(rounds):
        f = -eps * torch.logsumexp((g[None] - cost) / eps - log_n, 1)
        g = -eps * torch.logsumexp((f[:, None] - cost) / eps - log_n, 0)
    return f.mean() + g.mean()


def divergence(x, y):
    return entropic(x, y) - (entropic(x, x) + entropic(y, y)) / 2


transport = nn.Sequential(nn.Linear(2, 64), nn.GELU(), nn.Linear(64, 64), nn.GELU(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(transport.parameters(), lr=1e-3)
before = divergence(torch.randn(300, 2), rings(300)).item()
for step in range(200):
    loss = divergence(transport(torch.randn(128, 2)), rings(128))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())

with torch.no_grad():
    cloud = transport(torch.randn(300, 2))
    after = divergence(cloud, rings(300))
print("before", before)
finish(transport, cloud, loss=after)
