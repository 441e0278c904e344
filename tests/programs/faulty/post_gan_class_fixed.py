"""GAN as a class with a step(); learns a ring of points."""

import math
import sys

import torch
from digest import finish
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def mlp(a, b):
    return nn.Sequential(nn.Linear(a, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, b))


def real_batch(n):
    angle = 2 * math.pi * torch.rand(n)
    ring = torch.stack([angle.cos(), angle.sin()], 1)
    return 1.5 * ring + 0.1 * torch.randn(n, 2) + torch.tensor([1.0, -0.5])


class GAN:
    def __init__(self, latent=4, lr=1e-3):
        self.latent = latent
        self.generator = mlp(latent, 2)
        self.discriminator = mlp(2, 1)
        self.optimizer_G = torch.optim.Adam(self.generator.parameters(), lr=lr, betas=(0.5, 0.999))
        self.optimizer_D = torch.optim.Adam(self.discriminator.parameters(), lr=lr, betas=(0.5, 0.999))
        self.criterion = nn.BCEWithLogitsLoss()

    def sample(self, n):
        return self.generator(torch.randn(n, self.latent))

    def step(self, real):
        n = len(real)
        ones, zeros = torch.ones(n, 1), torch.zeros(n, 1)

        fake = self.sample(n)
        loss_D = self.criterion(self.discriminator(real), ones) + self.criterion(
            self.discriminator(fake.detach()), zeros
        )
        self.discriminator.zero_grad()
        loss_D.backward()
        self.optimizer_D.step()

        self.generator.zero_grad()
        loss_G = self.criterion(self.discriminator(fake), ones)
        loss_G.backward()
        self.optimizer_G.step()
        return loss_D.item(), loss_G.item()


gan = GAN()
for i in range(1500):
    loss_D, loss_G = gan.step(real_batch(64))
    if i % 300 == 0:
        print(f"{i}: D {loss_D:.3f} G {loss_G:.3f}")

with torch.no_grad():
    made = gan.sample(1000)
real = real_batch(1000)
distance = 2 * torch.cdist(made, real).mean() - torch.cdist(made, made).mean() - torch.cdist(real, real).mean()
print("energy distance", distance.item())
finish([gan.generator, gan.discriminator], made, energy_loss=distance)
