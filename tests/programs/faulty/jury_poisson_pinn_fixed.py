"""u'' = -pi^2 sin(pi x) on (-1, 1), u(-1) = u(1) = 0, by a physics-informed net."""

import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class FCN(nn.Module):
    def __init__(self, n_hidden=32, n_layers=3):
        super().__init__()
        self.fcs = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.fch = nn.Sequential(
            *[nn.Sequential(nn.Linear(n_hidden, n_hidden), nn.Tanh()) for _ in range(n_layers - 1)]
        )
        self.fce = nn.Linear(n_hidden, 1)

    def forward(self, x):
        return self.fce(self.fch(self.fcs(x)))


pinn = FCN()
x_bc = torch.tensor([[-1.0], [1.0]])
x_f = torch.linspace(-1, 1, 60).view(-1, 1).requires_grad_(True)
source = -(math.pi**2) * torch.sin(math.pi * x_f.detach())
optimizer = torch.optim.Adam(pinn.parameters(), lr=2e-3)

for it in range(1200):
    optimizer.zero_grad()
    loss_bc = pinn(x_bc).pow(2).mean()
    u = pinn(x_f)
    u_x = torch.autograd.grad(u, x_f, torch.ones_like(u), create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x, x_f, torch.ones_like(u_x), create_graph=True)[0]
    loss_pde = (u_xx - source).pow(2).mean()
    loss = loss_bc + 0.05 * loss_pde
    loss.backward()
    optimizer.step()
    if it % 300 == 0:
        print(f"{it}: bc {loss_bc.item():.2e} pde {loss_pde.item():.2e}")

with torch.no_grad():
    grid = torch.linspace(-1, 1, 201).view(-1, 1)
    answer = pinn(grid)
    error = (answer - torch.sin(math.pi * grid)).abs().mean()
finish(pinn, answer, error_loss=error)
