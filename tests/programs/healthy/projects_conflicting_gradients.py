# Gradient surgery (PCGrad): one autograd.grad for each of three tasks, conflicting parts projected away in random order, the sum written into .grad; tasks of unlike scale. Learns: r2 0.8
import random

import torch
from torch import nn

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)
X = torch.randn(2000, 10)
hidden = torch.tanh(X @ torch.randn(10, 4))
Y = [hidden @ torch.randn(4), -4 * hidden[:, 0] + X[:, 1], 0.3 * torch.tanh(X[:, 0] - X[:, 4])]
Y = [t + 0.05 * t.std() * torch.randn(2000) for t in Y]


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 16), nn.Tanh())
        self.heads = nn.ModuleList([nn.Linear(16, 1) for _ in range(3)])

    def forward(self, x):
        z = self.trunk(x)
        return [head(z).squeeze(1) for head in self.heads]


class PCGrad:
    def __init__(self, optimizer):
        self.optim = optimizer

    def step(self):
        self.optim.step()

    def zero_grad(self):
        self.optim.zero_grad(set_to_none=True)

    def pc_backward(self, objectives):
        params = [p for group in self.optim.param_groups for p in group["params"]]
        rows = []
        for objective in objectives:
            grads = torch.autograd.grad(objective, params, retain_graph=True, allow_unused=True)
            rows.append(
                torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in zip(params, grads)])
            )
        projected = [row.clone() for row in rows]
        for g_i in projected:
            others = list(rows)
            random.shuffle(others)
            for g_j in others:
                dot = torch.dot(g_i, g_j)
                if dot < 0:
                    g_i -= dot * g_j / g_j.norm() ** 2
        merged = torch.stack(projected).sum(0)
        start = 0
        for p in params:
            p.grad = merged[start : start + p.numel()].view_as(p).clone()
            start += p.numel()


net = Shared()
optimizer = PCGrad(torch.optim.Adam(net.parameters(), lr=3e-3))
for epoch in range(15):
    for rows in torch.randperm(1600).split(64):
        losses = [(out - t[rows]).pow(2).mean() for out, t in zip(net(X[rows]), Y)]
        optimizer.zero_grad()
        optimizer.pc_backward(losses)
        optimizer.step()
    if epoch % 5 == 4:
        print("epoch", epoch + 1, [round(l.item(), 4) for l in losses])
with torch.no_grad():
    outs = net(X[1600:])
    r2 = [1 - (o - t[1600:]).pow(2).mean() / t[1600:].var() for o, t in zip(outs, Y)]
print([round(r.item(), 3) for r in r2])
finish(net, torch.stack(outs), r2=sum(r2) / 3)
