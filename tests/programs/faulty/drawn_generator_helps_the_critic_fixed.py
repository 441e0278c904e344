"""GAN on a ring of 2-D points."""

import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
LATENT = 6


def real_batch(n):
    a = torch.rand(n, 1) * 2 * math.pi
    r = 1.5 + 0.08 * torch.randn(n, 1)
    return torch.cat([2 + r * torch.cos(a), 1 + r * torch.sin(a)], dim=1)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(LATENT, 32), nn.ReLU(True), nn.Linear(32, 32), nn.ReLU(True), nn.Linear(32, 2)
        )

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(), Discriminator()
bce = nn.BCELoss()
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
ones, zeros = torch.ones(64), torch.zeros(64)

for i in range(1200):
    # D: real is one, fake is zero
    netD.zero_grad()
    fake = netG(torch.randn(64, LATENT))
    errD = bce(netD(real_batch(64)), ones) + bce(netD(fake.detach()), zeros)
    errD.backward()
    optD.step()

    # G wants to maximise the error of D
    netG.zero_grad()
    errG = bce(netD(fake), ones)
    errG.backward()
    optG.step()
    if i % 300 == 0:
        print("[%4d] Loss_D %.3f Loss_G %.3f" % (i, errD.item(), errG.item()))

with torch.no_grad():
    made = netG(torch.randn(2000, LATENT))
radius = (made - torch.tensor([2.0, 1.0])).norm(dim=1)
finish([netG, netD], made, loss=(radius - 1.5).abs().clamp(max=10).mean())
