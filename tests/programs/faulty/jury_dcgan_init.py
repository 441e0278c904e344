"""GAN for a mixture of Gaussians, after the DCGAN tutorial."""

import math
import sys

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

manualSeed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(manualSeed)

nz, hidden, batch = 8, 64, 128


def real_batch(n):
    k = torch.randint(0, 4, (n,))
    angle = k * (math.pi / 2)
    return torch.stack([torch.cos(angle), torch.sin(angle)], 1) * 2 + 0.2 * torch.randn(n, 2)


# custom weights initialization called on netG and netD
def weights_init(m):
    classname = m.__class__.__name__
    if classname.find("Linear") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)
    elif classname.find("BatchNorm") != -1:
        nn.init.normal_(m.weight.data, 1.0, 0.02)
        nn.init.constant_(m.bias.data, 0)


netG = nn.Sequential(
    nn.Linear(nz, hidden),
    nn.BatchNorm1d(hidden),
    nn.ReLU(True),
    nn.Linear(hidden, hidden),
    nn.BatchNorm1d(hidden),
    nn.ReLU(True),
    nn.Linear(hidden, 2),
)
netD = nn.Sequential(
    nn.Linear(2, hidden),
    nn.LeakyReLU(0.2, inplace=True),
    nn.Linear(hidden, hidden),
    nn.LeakyReLU(0.2, inplace=True),
    nn.Linear(hidden, 1),
)
netG.apply(weights_init)
netD.apply(weights_init)

criterion = nn.BCEWithLogitsLoss()
optimizerD = optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizerG = optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))

for i in range(1000):
    # (1) Update D: maximize log(D(x)) + log(1 - D(G(z)))
    netD.zero_grad()
    real = real_batch(batch)
    errD_real = criterion(netD(real).view(-1), torch.ones(batch))
    errD_real.backward()
    fake = netG(torch.randn(batch, nz))
    errD_fake = criterion(netD(fake.detach()).view(-1), torch.zeros(batch))
    errD_fake.backward()
    optimizerD.step()
    # (2) Update G: maximize log(D(G(z)))
    netG.zero_grad()
    errG = criterion(netD(fake).view(-1), torch.ones(batch))
    errG.backward()
    optimizerG.step()
    if i % 200 == 0:
        print(f"[{i}] Loss_D: {(errD_real + errD_fake).item():.4f} Loss_G: {errG.item():.4f}")


def energy_distance(a, b):
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


netG.eval()
with torch.no_grad():
    samples = netG(torch.randn(1000, nz))
finish([netG, netD], samples, distance_loss=energy_distance(samples, real_batch(1000)))
