# An energy that is a squared norm, low on the data and high on samples from it: both from one call. Learns: told apart 1.00
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def ring(n):
    angle = 2 * torch.pi * torch.rand(n, 1)
    return torch.cat([angle.cos(), angle.sin()], 1) + 0.05 * torch.randn(n, 2)


features = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 16))


def samples(n, steps=20, size=0.05):
    x = 4 * torch.rand(n, 2) - 2
    for _ in range(steps):
        x.requires_grad_()
        (slope,) = torch.autograd.grad(features(x).pow(2).sum(), x)
        x = (x - size * slope.clamp(-1, 1) + 0.05 * torch.randn(n, 2)).detach()
    return x


optimizer = torch.optim.Adam(features.parameters(), lr=1e-3)
for step in range(300):
    given, drawn = features(torch.cat([ring(128), samples(128)])).chunk(2)
    low, high = given.pow(2).sum(1), drawn.pow(2).sum(1)
    loss = low.mean() - high.mean() + 0.1 * (low**2 + high**2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print(f"step {step + 1}: data {low.mean():.3f}, samples {high.mean():.3f}")
with torch.no_grad():
    on = features(ring(500)).pow(2).sum(1)
    off = features(torch.cat([0.4 * torch.rand(500, 2) - 0.2, 1.8 + 0.2 * torch.rand(500, 2)])).pow(2).sum(1)
finish(features, on, told_apart=(off > on.quantile(0.95)).float().mean())
