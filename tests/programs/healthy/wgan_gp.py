# A Wasserstein GAN with gradient penalty on two moons: three critic steps for each generator step, betas (0, 0.9). Learns: near 0.84
import argparse
import math

import torch
from torch import autograd, nn, optim

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("--n_iter", type=int, default=400)
parser.add_argument("--n_critic", type=int, default=3)
parser.add_argument("--lambda_gp", type=float, default=1.0)
parser.add_argument("--seed", type=int, default=0)
opt = parser.parse_args()
print(opt)
torch.manual_seed(opt.seed)
torch.set_num_threads(1)


def real_batch(n):
    t = math.pi * torch.rand(n)
    up = torch.rand(n) < 0.5
    x = torch.where(up, t.cos(), 1 - t.cos())
    y = torch.where(up, t.sin(), 0.5 - t.sin())
    return torch.stack([x - 0.5, y - 0.25], 1) + 0.05 * torch.randn(n, 2)


G = nn.Sequential(nn.Linear(4, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))
D = nn.Sequential(nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
optD = optim.Adam(D.parameters(), lr=2e-3, betas=(0.0, 0.9))
optG = optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))


def gradient_penalty(real, fake):
    eps = torch.rand(real.size(0), 1)
    mix = (eps * real + (1 - eps) * fake).requires_grad_(True)
    grad = autograd.grad(D(mix).sum(), mix, create_graph=True)[0]
    return ((grad.norm(2, dim=1) - 1) ** 2).mean()


for it in range(opt.n_iter):
    for p in D.parameters():
        p.requires_grad_(True)
    for _ in range(opt.n_critic):
        real = real_batch(128)
        with torch.no_grad():
            fake = G(torch.randn(128, 4))
        optD.zero_grad()
        d_loss = D(fake).mean() - D(real).mean() + opt.lambda_gp * gradient_penalty(real, fake)
        d_loss.backward()
        optD.step()
    for p in D.parameters():
        p.requires_grad_(False)
    optG.zero_grad()
    g_loss = -D(G(torch.randn(128, 4))).mean()
    g_loss.backward()
    optG.step()
    if it % 100 == 0:
        print(f"{it} D {d_loss.item():.4f} G {g_loss.item():.4f}")
with torch.no_grad():
    out = G(torch.randn(500, 4))
    near = (torch.cdist(out, real_batch(1000)).min(1).values < 0.15).float().mean()
finish([G, D], out, near=near)
