# An energy-based model: contrastive divergence with Langevin samples from a replay buffer, energy regularised. Learns: near a mode 0.99
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
MODES = torch.tensor([[1.5, 0.0], [-1.5, 0.0], [0.0, 1.5]])


def draw(n):
    return MODES[torch.randint(0, 3, (n,))] + 0.2 * torch.randn(n, 2)


energy = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 64), nn.SiLU(), nn.Linear(64, 1))


def langevin(x, n_steps=20, step=0.05):
    for p in energy.parameters():
        p.requires_grad_(False)
    x = x.clone().requires_grad_(True)
    for _ in range(n_steps):
        (grad,) = torch.autograd.grad(energy(x).sum(), x)
        x.data.add_(-step * grad + (2 * step) ** 0.5 * 0.3 * torch.randn_like(x))
        x.data.clamp_(-3, 3)
    for p in energy.parameters():
        p.requires_grad_(True)
    return x.detach()


opt = torch.optim.Adam(energy.parameters(), lr=2e-3, betas=(0.0, 0.999))
buffer = 4 * torch.rand(1000, 2) - 2
for it in range(250):
    real = draw(128)
    idx = torch.randint(0, 1000, (128,))
    init = torch.where(torch.rand(128, 1) < 0.1, 4 * torch.rand(128, 2) - 2, buffer[idx])
    fake = langevin(init)
    buffer[idx] = fake
    e_real, e_fake = energy(real), energy(fake)
    cd = (e_real - e_fake).mean()
    loss = cd + 0.1 * (e_real**2 + e_fake**2).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if it % 50 == 0:
        print(it, f"cd {cd.item():.4f} reg {loss.item() - cd.item():.4f}")
samples = langevin(4 * torch.rand(300, 2) - 2, n_steps=100)
near = (torch.cdist(samples, MODES).min(1).values < 0.8).float().mean()
finish(energy, samples, near_a_mode=near)
