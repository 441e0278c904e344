# fault: the line of the generator's optimizer was copied from the discriminator's, together with its parameters
"""After threads of the kind "GAN: generator loss does not go down, discriminator is perfect": the fakes of the last epoch are
the fakes of the first."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

latent_dim, batch_size = 4, 64


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(latent_dim, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))

    def forward(self, z):
        return self.net(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1), nn.Sigmoid()
        )

    def forward(self, x):
        return self.net(x)


def real_data(n):
    return torch.randn(n, 2) @ torch.tensor([[0.5, 0.2], [0.0, 0.3]]) + torch.tensor([1.5, -1.0])


netG, netD = Generator(), Discriminator()
criterion = nn.BCELoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=0.001, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netD.parameters(), lr=0.001, betas=(0.5, 0.999))
real_label, fake_label = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)
for step in range(1500):
    netD.zero_grad()
    errD_real = criterion(netD(real_data(batch_size)), real_label)
    fake = netG(torch.randn(batch_size, latent_dim))
    errD_fake = criterion(netD(fake.detach()), fake_label)
    errD = errD_real + errD_fake
    errD.backward()
    optimizerD.step()

    netG.zero_grad()
    errG = criterion(netD(fake), real_label)
    errG.backward()
    optimizerG.step()
    if step % 300 == 0:
        print("[%d/1500] Loss_D: %.4f Loss_G: %.4f" % (step, errD.item(), errG.item()))

with torch.no_grad():
    fake = netG(torch.randn(1000, latent_dim))
finish([netG, netD], fake, loss=(fake.mean(0) - torch.tensor([1.5, -1.0])).norm())
