# A GAN on eight Gaussians in a ring: two nets, two optimizers, BCEWithLogits, detach for D's step. Learns: MEASURED
import math

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def real_samples(n):
    angle = torch.randint(0, 8, (n,)) * (2 * math.pi / 8)
    centre = torch.stack([angle.cos(), angle.sin()], 1) * 1.5
    return centre + 0.1 * torch.randn(n, 2)


class Generator(nn.Module):
    def __init__(self, nz=8):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(nz, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2, True), nn.Linear(64, 64), nn.LeakyReLU(0.2, True), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.main(x).squeeze(1)


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optG = torch.optim.Adam(netG.parameters(), lr=2e-3, betas=(0.5, 0.999))
B = 64
for i in range(700):
    # (1) update D: maximise log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    errD_real = criterion(netD(real_samples(B)), torch.ones(B))
    errD_real.backward()
    fake = netG(torch.randn(B, 8))
    errD_fake = criterion(netD(fake.detach()), torch.zeros(B))
    errD_fake.backward()
    optD.step()
    # (2) update G: maximise log(D(G(z)))
    netG.zero_grad()
    errG = criterion(netD(fake), torch.ones(B))
    errG.backward()
    optG.step()
    if i % 300 == 0:
        print(f"[{i}] Loss_D {(errD_real + errD_fake).item():.4f} Loss_G {errG.item():.4f}")

netG.eval()
with torch.no_grad():
    samples = netG(torch.randn(1000, 8))
off = (samples.norm(dim=1) - 1.5).abs().mean()  # an untrained generator is about 1.2 away
finish([netG, netD], samples, distance_loss=off)
