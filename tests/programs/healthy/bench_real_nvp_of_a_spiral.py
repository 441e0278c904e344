"""RealNVP: affine couplings with masks, exact likelihood, which is a density and may pass 1."""

import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def spiral(n):
    t = torch.rand(n).sqrt() * 9
    return torch.stack([t.cos() * t, t.sin() * t], 1) / 5 + 0.04 * torch.randn(n, 2)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
        nn.init.zeros_(self.net[-1].weight)
        nn.init.zeros_(self.net[-1].bias)

    def forward(self, x):
        a, b = x.chunk(2, 1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a).chunk(2, 1)
        s = torch.tanh(s) * 1.5
        b = (b + t) * s.exp()
        return torch.cat([b, a] if self.flip else [a, b], 1), s.sum(1)


flow = nn.ModuleList(Coupling(i % 2 == 1) for i in range(8))


def log_prob(x):
    logdet = 0.0
    for layer in flow:
        x, ld = layer(x)
        logdet = logdet + ld
    return -0.5 * (x**2).sum(1) - math.log(2 * math.pi) + logdet


opt = torch.optim.Adam(flow.parameters(), lr=2e-3)
sched = torch.optim.lr_scheduler.OneCycleLR(opt, 5e-3, total_steps=350)
for step in range(350):
    loss = -log_prob(spiral(256)).mean()
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_value_(flow.parameters(), 1.0)
    opt.step()
    sched.step()
    if step % 70 == 0:
        print(f"step {step} negative log-likelihood {loss.item():.3f}")
with torch.no_grad():
    lp = log_prob(spiral(1000))
finish(flow, lp, loss=-lp.mean())
