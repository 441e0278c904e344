# fault: both optimizers of a GAN are given the discriminator's parameters, a copied line: the generator stays as it was drawn
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
NZ = 4


def real(n):
    return 0.5 * torch.randn(n, 2) + torch.tensor([3.0, -2.0])


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(NZ, 32), nn.ReLU(True), nn.Linear(32, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2, inplace=True), nn.Linear(32, 1))

    def forward(self, x):
        return self.main(x).view(-1)


netG, netD = Generator(), Discriminator()
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
for it in range(500):
    netD.zero_grad()
    x, fake = real(64), netG(torch.randn(64, NZ))
    errD = criterion(netD(x), torch.ones(64)) + criterion(netD(fake.detach()), torch.zeros(64))
    errD.backward()
    optimizerD.step()
    netG.zero_grad()
    errG = criterion(netD(fake), torch.ones(64))
    errG.backward()
    optimizerG.step()
    if it % 100 == 0:
        print("[%d] Loss_D: %.4f Loss_G: %.4f" % (it, errD.item(), errG.item()))
with torch.no_grad():
    out = netG(torch.randn(500, NZ))
finish([netG, netD], out, mean_loss=(out.mean(0) - torch.tensor([3.0, -2.0])).norm())
