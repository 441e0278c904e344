# fault: the second derivative is taken without create_graph, so the equation's part of the loss has no gradient
"""After threads of the kind "my physics-informed network does not converge" (discuss.pytorch.org has several): Poisson's
equation u'' = -pi^2 sin(pi x) with u = 0 at both ends, by a small tanh network."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class PINN(nn.Module):
    def __init__(self, n_hidden=32):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(1, n_hidden), nn.Tanh(), nn.Linear(n_hidden, n_hidden), nn.Tanh(), nn.Linear(n_hidden, 1)
        )

    def forward(self, x):
        return self.net(x)


def pde_loss(model, x):
    x.requires_grad_(True)
    u = model(x)
    u_x = torch.autograd.grad(u, x, grad_outputs=torch.ones_like(u), create_graph=True)[0]
    u_xx = torch.autograd.grad(u_x, x, grad_outputs=torch.ones_like(u_x), retain_graph=True)[0]
    residual = u_xx + torch.pi**2 * torch.sin(torch.pi * x)
    return nn.MSELoss()(residual, torch.zeros_like(residual))


model = PINN()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
x_bc, u_bc = torch.tensor([[0.0], [1.0]]), torch.zeros(2, 1)
for it in range(800):
    optimizer.zero_grad()
    loss_bc = nn.MSELoss()(model(x_bc), u_bc)
    loss_pde = pde_loss(model, torch.rand(64, 1))
    loss = loss_pde + 100 * loss_bc
    loss.backward()
    optimizer.step()
    if it % 200 == 0:
        print(f"it {it}: pde {loss_pde.item():.2e}, bc {loss_bc.item():.2e}")

x = torch.linspace(0, 1, 101).unsqueeze(1)
exact = torch.sin(torch.pi * x)
with torch.no_grad():
    u = model(x)
finish(model, u, loss=(u - exact).abs().mean())
