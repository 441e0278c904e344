# A normalising flow (affine coupling) trained by exact likelihood on two moons; no labels, losses below zero are fine. Learns: MEASURED
import math

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def moons(n):
    t = torch.rand(n) * math.pi
    upper = torch.rand(n) < 0.5
    x = torch.where(upper, t.cos(), 1 - t.cos()) - 0.5
    y = torch.where(upper, t.sin(), 0.5 - t.sin()) - 0.25
    return torch.stack([x, y], 1) + 0.05 * torch.randn(n, 2)


class Coupling(nn.Module):
    def __init__(self, flip):
        super().__init__()
        self.flip = flip
        self.net = nn.Sequential(nn.Linear(1, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, x):
        a, b = x.unbind(1)
        if self.flip:
            a, b = b, a
        s, t = self.net(a.unsqueeze(1)).unbind(1)
        s = torch.tanh(s) * 2
        b = b * s.exp() + t
        return torch.stack([b, a] if self.flip else [a, b], 1), s


flow = nn.ModuleList([Coupling(i % 2 == 1) for i in range(6)])
opt = torch.optim.Adam(flow.parameters(), lr=3e-3)


def nll(x):
    log_det = 0
    for layer in flow:
        x, s = layer(x)
        log_det = log_det + s
    log_p = -0.5 * (x**2).sum(1) - math.log(2 * math.pi)
    return -(log_p + log_det).mean()


for step in range(300):
    loss = nll(moons(256))
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(flow.parameters(), 5)
    opt.step()
    if step % 60 == 0:
        print(step, f"{loss.item():.4f}")
with torch.no_grad():
    test = nll(moons(1000))
finish(flow, test, loss=test)  # a single Gaussian of the right covariance has 2.0
