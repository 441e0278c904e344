"""Denoising diffusion on little pictures of digits."""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits


class SinusoidalPosEmb(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.dim = dim

    def forward(self, t):
        half = self.dim // 2
        freqs = torch.exp(torch.arange(half) * -(math.log(10000) / (half - 1)))
        args = t[:, None].float() * freqs[None]
        return torch.cat([args.sin(), args.cos()], -1)


class Denoiser(nn.Module):
    def __init__(self, pixels=64, dim=160):
        super().__init__()
        self.time = nn.Sequential(SinusoidalPosEmb(32), nn.Linear(32, dim), nn.GELU())
        self.inp = nn.Linear(pixels, dim)
        self.mid = nn.ModuleList([nn.Linear(dim, dim) for _ in range(3)])
        self.norms = nn.ModuleList([nn.LayerNorm(dim) for _ in range(3)])
        self.out = nn.Linear(dim, pixels)

    def forward(self, x, t):
        h = self.inp(x)
        emb = self.time(t)
        for layer, norm in zip(self.mid, self.norms):
            h = h + F.gelu(layer(norm(h + emb)))
        return self.out(h)


class GaussianDiffusion(nn.Module):
    def __init__(self, denoise_fn, timesteps=200, loss_type="l1"):
        super().__init__()
        self.denoise_fn = denoise_fn
        self.num_timesteps = timesteps
        self.loss_type = loss_type
        betas = torch.linspace(5e-4, 0.05, timesteps)
        self.register_buffer("alphas_cumprod", torch.cumprod(1 - betas, 0))

    def q_sample(self, x_start, t, noise):
        a = self.alphas_cumprod[t][:, None]
        return a.sqrt() * x_start + (1 - a).sqrt() * noise

    def forward(self, x):
        t = torch.randint(0, self.num_timesteps, (len(x),))
        noise = torch.randn_like(x)
        predicted = self.denoise_fn(self.q_sample(x, t, noise), t)
        return F.l1_loss(predicted, noise) if self.loss_type == "l1" else F.mse_loss(predicted, noise)


def load_images():
    images = torch.tensor(load_digits().data, dtype=torch.float32) * 255 / 16
    images = images / 127.5 - 1
    return images[torch.randperm(len(images))]


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
images = load_images()
train, test = images[:1500], images[1500:]
diffusion = GaussianDiffusion(Denoiser())
opt = torch.optim.Adam(diffusion.parameters(), lr=1e-3)

for step in range(900):
    batch = train[torch.randint(len(train), (64,))]
    loss = diffusion(batch)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 150 == 0:
        print(f"{step}: {loss.item():.4f}")

diffusion.eval()
with torch.no_grad():
    final = sum(diffusion(test).item() for _ in range(10)) / 10
print("final loss", round(final, 4))
