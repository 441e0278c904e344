# A masked autoregressive flow: three MADE blocks with masks in buffers and reversed order, exact likelihood. Learns: nll loss 0.38
import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class MaskedLinear(nn.Linear):
    def __init__(self, mask):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask)

    def forward(self, x):
        return F.linear(x, self.weight * self.mask, self.bias)


class MADE(nn.Module):
    def __init__(self, dim, hidden):
        super().__init__()
        d_in = torch.arange(1, dim + 1)
        d_h = torch.arange(hidden) % (dim - 1) + 1
        self.l1 = MaskedLinear((d_h[:, None] >= d_in[None, :]).float())
        self.l2 = MaskedLinear((d_h[:, None] >= d_h[None, :]).float())
        self.l3 = MaskedLinear((d_in.repeat(2)[:, None] > d_h[None, :]).float())

    def forward(self, x):
        mu, log_s = self.l3(torch.relu(self.l2(torch.relu(self.l1(x))))).chunk(2, 1)
        log_s = torch.tanh(log_s)
        return (x - mu) * torch.exp(-log_s), -log_s.sum(1)


class Flow(nn.Module):
    def __init__(self, dim=3, blocks=3, hidden=32):
        super().__init__()
        self.blocks = nn.ModuleList(MADE(dim, hidden) for _ in range(blocks))

    def log_prob(self, x):
        total = 0.0
        for block in self.blocks:
            x, logdet = block(x)
            total = total + logdet
            x = x.flip(1)
        return total - 0.5 * (x**2).sum(1) - 0.5 * x.size(1) * math.log(2 * math.pi)


def data(n):
    a = torch.randn(n)
    b = 0.5 * a**2 - 0.5 + 0.2 * torch.randn(n)
    c = torch.sin(2 * b) + 0.1 * torch.randn(n)
    return torch.stack([a, b, c], 1)


flow = Flow()
optimizer = torch.optim.Adam(flow.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, 2 - s / 300) if s < 600 else 0)
for step in range(500):
    loss = -flow.log_prob(data(128)).mean()
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 100 == 0:
        print(step, f"nll {loss.item():.4f}")
with torch.no_grad():
    out = flow.log_prob(data(1000))
finish(flow, out, nll_loss=-out.mean())
