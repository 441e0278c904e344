# A Hamiltonian network: a scalar energy whose input gradients are the motion of a pendulum, second-order gradients in each step. Learns: r2 0.98
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def field(z):
    q, p = z[:, 0], z[:, 1]
    return torch.stack([p, -3 * torch.sin(q)], 1)


class HNN(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.energy = nn.Sequential(
            nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=None)
        )
        for layer in self.energy:
            if isinstance(layer, nn.Linear):
                nn.init.orthogonal_(layer.weight)
        self.register_buffer("J", torch.tensor([[0.0, 1.0], [-1.0, 0.0]]))

    def time_derivative(self, z):
        H = self.energy(z)
        dH = torch.autograd.grad(H.sum(), z, create_graph=True)[0]
        return dH @ self.J.T


def sample(n):
    z = (torch.rand(n, 2) * 2 - 1) * torch.tensor([3.0, 3.0])
    return z, field(z) + 0.1 * torch.randn(n, 2)


z, dz = sample(800)
z.requires_grad_(True)
test_z, _ = sample(300)
model = HNN()
optim = torch.optim.Adam(model.parameters(), 3e-3, weight_decay=1e-5)
for step in range(500):
    ix = torch.randperm(800)[:128]
    loss = nn.functional.mse_loss(model.time_derivative(z[ix]), dz[ix])
    loss.backward()
    optim.step()
    optim.zero_grad()
    z.grad = None
    if step % 100 == 0:
        print(f"step {step}, train_loss {loss.item():.4e}")
told = model.time_derivative(test_z.requires_grad_(True)).detach()
truth = field(test_z.detach())
finish(model, told, r2=1 - nn.functional.mse_loss(told, truth) / truth.var())
