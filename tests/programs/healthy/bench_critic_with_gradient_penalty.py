"""WGAN-GP on a ring of eight Gaussians: five critic steps for one of the generator, a penalty by double backward."""

import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def real(n):
    k = torch.randint(8, (n,)) * (2 * math.pi / 8)
    return torch.stack([k.cos(), k.sin()], 1) * 1.5 + 0.05 * torch.randn(n, 2)


def mlp(i, o):
    return nn.Sequential(nn.Linear(i, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, o))


generator, critic = mlp(8, 2), mlp(2, 1)
opt_g = torch.optim.Adam(generator.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_c = torch.optim.Adam(critic.parameters(), lr=1e-3, betas=(0.0, 0.9))
distances = []
for iteration in range(220):
    for p in critic.parameters():
        p.requires_grad_(True)
    for _ in range(5):
        x = real(64)
        with torch.no_grad():
            fake = generator(torch.randn(64, 8))
        mix = torch.rand(64, 1)
        between = (mix * x + (1 - mix) * fake).requires_grad_(True)
        slope = torch.autograd.grad(critic(between).sum(), between, create_graph=True)[0]
        penalty = ((slope.norm(dim=1) - 1) ** 2).mean()
        wasserstein = critic(x).mean() - critic(fake).mean()
        opt_c.zero_grad()
        (10 * penalty - wasserstein).backward()
        opt_c.step()
    for p in critic.parameters():
        p.requires_grad_(False)
    opt_g.zero_grad()
    loss_g = -critic(generator(torch.randn(64, 8))).mean()
    loss_g.backward()
    opt_g.step()
    distances.append(wasserstein.item())
    if iteration % 30 == 0:
        print(f"{iteration} wasserstein {wasserstein.item():.3f} penalty {penalty.item():.3f}")
with torch.no_grad():
    fake = generator(torch.randn(500, 8))
finish([generator, critic], fake, loss=torch.cdist(fake, real(500)).min(1).values.mean())
