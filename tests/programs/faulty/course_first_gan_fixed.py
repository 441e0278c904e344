"""My first GAN: points on a ring. D gets perfect, G prints the same loss and never moves."""

import math
import sys

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish


class Generator(nn.Module):
    def __init__(self):
        super(Generator, self).__init__()
        self.model = nn.Sequential(nn.Linear(8, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 2))

    def forward(self, x):
        return self.model(x)


class Discriminator(nn.Module):
    def __init__(self):
        super(Discriminator, self).__init__()
        self.model = nn.Sequential(
            nn.Linear(2, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return self.model(x)


class GANTrainer:
    def __init__(self, batch_size=64):
        self.G = Generator()
        self.D = Discriminator()
        self.optimizer_G = optim.Adam(self.G.parameters(), lr=0.001, betas=(0.5, 0.999))
        self.optimizer_D = optim.Adam(self.D.parameters(), lr=0.001, betas=(0.5, 0.999))
        self.loss_func = nn.BCELoss()
        self.batch_size = batch_size

    def real(self, n):
        a = 2 * math.pi * torch.rand(n, 1)
        return torch.cat([a.cos(), a.sin()], 1) + 0.03 * torch.randn(n, 2)

    def fakes(self, n):
        """used by both steps"""
        return self.G(torch.randn(n, 8))

    def step_D(self):
        self.optimizer_D.zero_grad()
        ones, zeros = torch.ones(self.batch_size, 1), torch.zeros(self.batch_size, 1)
        d_loss = self.loss_func(self.D(self.real(self.batch_size)), ones)
        d_loss = d_loss + self.loss_func(self.D(self.fakes(self.batch_size).detach()), zeros)
        d_loss.backward()
        self.optimizer_D.step()
        return d_loss.item()

    def step_G(self):
        self.optimizer_G.zero_grad()
        g_loss = self.loss_func(self.D(self.fakes(self.batch_size)), torch.ones(self.batch_size, 1))
        g_loss.backward()
        self.optimizer_G.step()
        return g_loss.item()

    def train(self, n):
        for i in range(n):
            d, g = self.step_D(), self.step_G()
            if i % 200 == 0:
                print("step %4d  D %.3f  G %.3f" % (i, d, g))


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
trainer = GANTrainer()
trainer.train(1000)
with torch.no_grad():
    made = trainer.G(torch.randn(2000, 8))
off_the_ring = (made.norm(dim=1) - 1).abs().mean()
print("mean distance from the ring", off_the_ring.item())
finish([trainer.G, trainer.D], made, ring_loss=off_the_ring)
