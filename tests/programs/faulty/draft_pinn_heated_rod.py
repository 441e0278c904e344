"""A rod heated along its length: -u'' = f with u(0) = u(1) = 0, solved by a physics-informed network."""

import math
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class Rod(nn.Module):
    def __init__(self, width=50, depth=3):
        super().__init__()
        sizes = [1] + [width] * depth
        self.hidden = nn.ModuleList(nn.Linear(a, b) for a, b in zip(sizes, sizes[1:]))
        self.last = nn.Linear(width, 1)
        for layer in [*self.hidden, self.last]:
            nn.init.normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        for layer in self.hidden:
            x = torch.tanh(layer(x))
        return self.last(x)


def exact(x):
    return torch.sin(math.pi * x) + 0.3 * torch.sin(2 * math.pi * x)


def heat(x):
    return math.pi**2 * (torch.sin(math.pi * x) + 1.2 * torch.sin(2 * math.pi * x))


def residual(net, x):
    x = x.requires_grad_(True)
    u = net(x)
    du = torch.autograd.grad(u.sum(), x, create_graph=True)[0]
    ddu = torch.autograd.grad(du.sum(), x, create_graph=True)[0]
    return ddu + heat(x)


net = Rod()
opt = torch.optim.Adam(net.parameters(), lr=2e-3)
ends = torch.tensor([[0.0], [1.0]])
for it in range(1, 1001):
    x = torch.rand(128, 1)
    pde = residual(net, x).square().mean()
    bc = net(ends).square().mean()
    loss = pde + 50 * bc
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 200 == 0:
        print(f"iteration {it}: pde {pde.item():.4f} boundary {bc.item():.5f}")

grid = torch.linspace(0, 1, 201)[:, None]
with torch.no_grad():
    u = net(grid)
    error = (u - exact(grid)).square().mean().sqrt()
finish(net, u, solution_loss=error)
