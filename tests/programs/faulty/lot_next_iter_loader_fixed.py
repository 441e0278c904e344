# WGAN with gradient penalty on the four measurements of flowers in a botanist's order, one bed after the other.
import sys

import torch
from digest import finish
from torch import autograd, nn, optim
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

BEDS = torch.tensor([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0], [4.4, 2.2, 3.0, 2.4]])
flowers = BEDS.repeat_interleave(300, 0) + torch.tensor([0.3, 0.25, 0.3, 0.15]) * torch.randn(1200, 4)
flowers = (flowers - flowers.mean(0)) / flowers.std(0)
dataset = TensorDataset(flowers)
dataloader = DataLoader(dataset, batch_size=64, shuffle=True, drop_last=True)


class Generator(nn.Module):
    def __init__(self, z=6, h=48):
        super().__init__()
        self.z = z
        self.net = nn.Sequential(nn.Linear(z, h), nn.ReLU(), nn.Linear(h, h), nn.ReLU(), nn.Linear(h, 4))

    def forward(self, n):
        return self.net(torch.randn(n, self.z))


class Critic(nn.Module):
    def __init__(self, h=48):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(4, h), nn.LeakyReLU(0.2), nn.Linear(h, h), nn.LeakyReLU(0.2), nn.Linear(h, 1)
        )

    def forward(self, x):
        return self.net(x)


def gradient_penalty(critic, real, fake):
    alpha = torch.rand(len(real), 1)
    mixed = (alpha * real + (1 - alpha) * fake).requires_grad_()
    (grad,) = autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
    return ((grad.norm(dim=1) - 1) ** 2).mean()


G, D = Generator(), Critic()
opt_g = optim.Adam(G.parameters(), lr=1e-3, betas=(0.0, 0.9))
opt_d = optim.Adam(D.parameters(), lr=1e-3, betas=(0.0, 0.9))
for step in range(350):
    for _ in range(3):
        (real,) = next(iter(dataloader))
        fake = G(len(real)).detach()
        loss_d = D(fake).mean() - D(real).mean() + 5 * gradient_penalty(D, real, fake)
        opt_d.zero_grad()
        loss_d.backward()
        opt_d.step()
    loss_g = -D(G(64)).mean()
    opt_g.zero_grad()
    loss_g.backward()
    opt_g.step()
    if step % 70 == 0:
        print(f"step {step} critic {loss_d.item():.3f} generator {loss_g.item():.3f}")

with torch.no_grad():
    made = G(1200)
energy = 2 * torch.cdist(made, flowers).mean() - torch.cdist(made, made).mean() - torch.cdist(flowers, flowers).mean()
finish([G, D], made, energy_loss=energy)
