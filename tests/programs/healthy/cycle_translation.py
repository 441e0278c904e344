# CycleGAN in small: two unpaired clouds, two generators, two least-squares critics, cycle and identity losses, a pool of old fakes. Learns: moments loss 0.3
import itertools
import random

import torch
import torch.nn as nn

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)


def domain_a(n):
    return torch.randn(n, 2) * torch.tensor([1.0, 0.2])


def domain_b(n):
    return torch.randn(n, 2) * torch.tensor([0.2, 1.0]) + torch.tensor([2.0, 0.0])


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 2)
        )

    def forward(self, x):
        return x + self.body(x)


def Discriminator():
    return nn.Sequential(nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1))


class Pool:
    def __init__(self, size=50):
        self.size, self.items = size, []

    def query(self, batch):
        out = []
        for item in batch.detach():
            if len(self.items) < self.size:
                self.items.append(item)
                out.append(item)
            elif random.random() > 0.5:
                k = random.randrange(self.size)
                out.append(self.items[k])
                self.items[k] = item
            else:
                out.append(item)
        return torch.stack(out)


G_AB, G_BA, D_A, D_B = Generator(), Generator(), Discriminator(), Discriminator()
opt_G = torch.optim.Adam(itertools.chain(G_AB.parameters(), G_BA.parameters()), lr=2e-3, betas=(0.5, 0.999))
opt_D_A = torch.optim.Adam(D_A.parameters(), lr=2e-3, betas=(0.5, 0.999))
opt_D_B = torch.optim.Adam(D_B.parameters(), lr=2e-3, betas=(0.5, 0.999))
criterion_gan, criterion_cycle = nn.MSELoss(), nn.L1Loss()
pool_a, pool_b = Pool(), Pool()
valid, fake = torch.ones(64, 1), torch.zeros(64, 1)
for step in range(500):
    real_a, real_b = domain_a(64), domain_b(64)
    opt_G.zero_grad()
    fake_b, fake_a = G_AB(real_a), G_BA(real_b)
    loss_gan = (criterion_gan(D_B(fake_b), valid) + criterion_gan(D_A(fake_a), valid)) / 2
    loss_cycle = (criterion_cycle(G_BA(fake_b), real_a) + criterion_cycle(G_AB(fake_a), real_b)) / 2
    loss_id = (criterion_cycle(G_BA(real_a), real_a) + criterion_cycle(G_AB(real_b), real_b)) / 2
    loss_G = loss_gan + 2.0 * loss_cycle + 0.1 * loss_id
    loss_G.backward()
    opt_G.step()
    opt_D_A.zero_grad()
    loss_D_A = (criterion_gan(D_A(real_a), valid) + criterion_gan(D_A(pool_a.query(fake_a)), fake)) / 2
    loss_D_A.backward()
    opt_D_A.step()
    opt_D_B.zero_grad()
    loss_D_B = (criterion_gan(D_B(real_b), valid) + criterion_gan(D_B(pool_b.query(fake_b)), fake)) / 2
    loss_D_B.backward()
    opt_D_B.step()
    if step % 100 == 0:
        print(
            f"[{step}] G {loss_G.item():.3f} cycle {loss_cycle.item():.3f} D {loss_D_A.item() + loss_D_B.item():.3f}"
        )
with torch.no_grad():
    out = G_AB(domain_a(500))
print("moments", out.mean(0).tolist(), out.std(0).tolist())
finish(
    [G_AB, G_BA, D_A, D_B],
    out,
    moments_loss=(out.mean(0) - torch.tensor([2.0, 0.0])).abs().sum()
    + (out.std(0) - torch.tensor([0.2, 1.0])).abs().sum(),
)
