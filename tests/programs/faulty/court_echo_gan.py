"""A conditional GAN that makes an impulse response (16 samples of a decay) from a room's descriptor."""

import sys

import torch
import torch.nn.functional as F
from torch import nn

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
T = torch.arange(16) / 4.0


def rooms(n):
    size = torch.rand(n, 1) * 2 - 1
    rate = torch.exp(-size)
    decay = torch.exp(-rate * T) * 2 - 0.5
    return size, decay + 0.05 * torch.randn(n, 16)


class Generator(nn.Module):
    def __init__(self, noise=4):
        super().__init__()
        self.noise = noise
        self.body = nn.Sequential(
            nn.Linear(1 + noise, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 16)
        )

    def forward(self, f):
        z = torch.randn(len(f), self.noise)
        return self.body(torch.cat([f, z], 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(17, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2))
        self.out = nn.Linear(64, 1)

    def forward(self, spec, f):
        return self.out(self.body(torch.cat([spec, f], 1)))


g, d = Generator(), Discriminator()
opt_g = torch.optim.Adam(g.parameters(), lr=1e-3, betas=(0.5, 0.999))
opt_d = torch.optim.Adam(d.parameters(), lr=1e-3, betas=(0.5, 0.999))

for step in range(1500):
    f, spec = rooms(64)
    fake_spec = g(f)

    # generator
    d_fake2 = d(fake_spec.detach(), f)
    g_loss = F.mse_loss(d_fake2, torch.ones_like(d_fake2))
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()

    # discriminator
    d_fake = d(fake_spec.detach(), f)
    d_real = d(spec, f)
    d_loss = 0.5 * (F.mse_loss(d_fake, torch.zeros_like(d_fake)) + F.mse_loss(d_real, torch.ones_like(d_real)))
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()
    if step % 300 == 0:
        print(f"{step:5d}  G {g_loss.item():.3f}  D {d_loss.item():.3f}  real {d_real.mean().item():.2f}")

with torch.no_grad():
    f, spec = rooms(500)
    error = (g(f) - spec).pow(2).mean().sqrt()
print(f"final rmse_loss {error.item():.4f}")
