"""DDPM on two moons: noise prediction, time embedding, EMA of the weights, ancestral sampling."""

import copy
import math
import sys

import torch
import torch.nn as nn
from sklearn.datasets import make_moons

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
T = 60
betas = torch.linspace(1e-3, 0.15, T)
alphas = 1 - betas
abar = alphas.cumprod(0)


class Denoiser(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.register_buffer("freqs", torch.exp(-math.log(1000) * torch.arange(16) / 16))
        self.time = nn.Sequential(nn.Linear(32, width), nn.SiLU(), nn.Linear(width, width))
        self.inp = nn.Linear(2, width)
        self.mid = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.norms = nn.ModuleList(nn.LayerNorm(width) for _ in range(3))
        self.out = nn.Linear(width, 2)
        nn.init.zeros_(self.out.weight)

    def forward(self, x, t):
        angle = t[:, None] * self.freqs
        emb = self.time(torch.cat([angle.sin(), angle.cos()], 1))
        h = self.inp(x)
        for lin, norm in zip(self.mid, self.norms):
            h = h + lin(nn.functional.silu(norm(h) + emb))
        return self.out(h)


x0 = torch.tensor(make_moons(4000, noise=0.05, random_state=0)[0], dtype=torch.float32)
x0 = (x0 - x0.mean(0)) / x0.std(0)
net = Denoiser()
ema = copy.deepcopy(net).requires_grad_(False)
opt = torch.optim.AdamW(net.parameters(), lr=2e-3, weight_decay=1e-4)
sched = torch.optim.lr_scheduler.LambdaLR(opt, lambda s: min(1, (s + 1) / 50))
for step in range(500):
    x = x0[torch.randint(len(x0), (256,))]
    t = torch.randint(T, (256,))
    noise = torch.randn_like(x)
    noisy = abar[t].sqrt()[:, None] * x + (1 - abar[t]).sqrt()[:, None] * noise
    loss = ((net(noisy, t.float()) - noise) ** 2).mean()
    opt.zero_grad(set_to_none=True)
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    sched.step()
    with torch.no_grad():
        for e, p in zip(ema.parameters(), net.parameters()):
            e.lerp_(p, 0.02)

with torch.no_grad():
    x = torch.randn(500, 2)
    for t in reversed(range(T)):
        eps = ema(x, torch.full((500,), float(t)))
        x = (x - betas[t] / (1 - abar[t]).sqrt() * eps) / alphas[t].sqrt()
        if t:
            x = x + betas[t].sqrt() * torch.randn_like(x)
print("mean distance of samples to data", torch.cdist(x, x0).min(1).values.mean().item())
finish([net, ema], x, loss=loss)
