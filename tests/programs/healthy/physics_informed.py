# A physics-informed net: u'' = -π² sin(πx) with u(0) = u(1) = 0, gradient of gradient by create_graph. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class PINN(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden1 = nn.Linear(1, 24)
        self.hidden2 = nn.Linear(24, 24)
        self.out = nn.Linear(24, 1)

    def forward(self, x):
        h = torch.tanh(self.hidden1(x))
        return self.out(torch.tanh(self.hidden2(h)))


u = PINN()
optimizer = torch.optim.Adam(u.parameters(), lr=5e-3)
edge = torch.tensor([[0.0], [1.0]])
for step in range(400):
    x = torch.rand(64, 1, requires_grad=True)
    value = u(x)
    (du,) = torch.autograd.grad(value, x, torch.ones_like(value), create_graph=True)
    (d2u,) = torch.autograd.grad(du, x, torch.ones_like(du), create_graph=True)
    residual = d2u + torch.pi**2 * torch.sin(torch.pi * x)
    loss_pde = (residual**2).mean()
    loss_bc = (u(edge) ** 2).mean()
    loss = loss_pde + 10 * loss_bc
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, f"pde {loss_pde.item():.4f} bc {loss_bc.item():.6f}")

x = torch.linspace(0, 1, 101).unsqueeze(1)
with torch.no_grad():
    solution = u(x)
truth = torch.sin(torch.pi * x)
finish(u, solution, r2=1 - ((solution - truth) ** 2).mean() / truth.var())
