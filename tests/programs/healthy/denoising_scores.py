# Denoising score matching over noise levels (NCSN in 2-D), loss summed over dimensions and weighted by σ², then annealed Langevin sampling. Learns: near the ring 0.91
import math

import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
sigmas = torch.logspace(math.log10(1.0), math.log10(0.15), 6)


def ring(n):
    a = 2 * math.pi * torch.rand(n)
    return torch.stack([a.cos(), a.sin()], 1) + 0.03 * torch.randn(n, 2)


class Score(nn.Module):
    def __init__(self, h=96):
        super().__init__()
        self.inp, self.mid, self.out = nn.Linear(2, h), nn.Linear(h, h), nn.Linear(h, 2)
        self.g1, self.g2 = nn.Embedding(6, h), nn.Embedding(6, h)
        nn.init.uniform_(self.g1.weight, 0.5, 1.5), nn.init.uniform_(self.g2.weight, 0.5, 1.5)

    def forward(self, x, k):
        h = nn.functional.silu(self.inp(2 * x) * self.g1(k))
        h = nn.functional.silu(self.mid(h) * self.g2(k))
        return self.out(h) / sigmas[k].unsqueeze(1)


net = Score()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(700):
    x = ring(256)
    k = torch.randint(0, 6, (256,))
    s = sigmas[k].unsqueeze(1)
    noise = torch.randn_like(x)
    loss = 0.5 * ((s * net(x + s * noise, k) + noise) ** 2).sum(1).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(f"{step} loss {loss.item():.4f}")
x = 2 * torch.rand(300, 2) - 1
with torch.no_grad():
    for k, s in enumerate(sigmas):
        eps = 0.1 * s**2
        for _ in range(15):
            x = x + eps * net(x, torch.full((300,), k)) + (2 * eps) ** 0.5 * torch.randn_like(x)
near = ((x.norm(dim=1) - 1).abs() < 0.3).float().mean()
finish(net, x, near_the_ring=near)
