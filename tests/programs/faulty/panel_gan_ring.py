"""A GAN that learns a ring of points."""

import math
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def real_points(n):
    angle = torch.rand(n) * 2 * math.pi
    return torch.stack([angle.cos(), angle.sin()], 1) * 2 + 0.05 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, nz=4):
        super().__init__()
        self.nz = nz
        self.main = nn.Sequential(nn.Linear(nz, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))

    def sample(self, n):
        return self.main(torch.randn(n, self.nz)).detach()


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.main(x)


netG, netD = Generator(), Discriminator()
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
bce = nn.BCEWithLogitsLoss()
batch = 64
ones, zeros = torch.ones(batch, 1), torch.zeros(batch, 1)

for i in range(1200):
    # (1) update D
    netD.zero_grad()
    fake = netG.sample(batch)
    errD = bce(netD(real_points(batch)), ones) + bce(netD(fake), zeros)
    errD.backward()
    optD.step()

    # (2) update G: maximise log(D(G(z)))
    netG.zero_grad()
    errG = bce(netD(netG.sample(batch)), ones)
    errG.backward()
    optG.step()
    if i % 200 == 0:
        print(f"[{i}/1200] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f}")

with torch.no_grad():
    points = netG.sample(1000)
finish([netG, netD], points, loss=(points.norm(dim=1) - 2).abs().mean())
