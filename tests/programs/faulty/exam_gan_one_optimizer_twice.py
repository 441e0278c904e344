# fault: both optimizers of a GAN are given the discriminator's parameters
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
netG = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
netD = nn.Sequential(nn.Linear(2, 32), nn.LeakyReLU(0.2), nn.Linear(32, 32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
criterion = nn.BCEWithLogitsLoss()
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))


def sample(n):
    return torch.tensor([2.0, -1.0]) + 0.5 * torch.randn(n, 2)


for step in range(500):
    real, noise = sample(64), torch.randn(64, 4)
    fake = netG(noise)
    netD.zero_grad()
    errD = criterion(netD(real), torch.ones(64, 1)) + criterion(netD(fake.detach()), torch.zeros(64, 1))
    errD.backward()
    optimizerD.step()
    netG.zero_grad()
    errG = criterion(netD(fake), torch.ones(64, 1))
    errG.backward()
    optimizerG.step()
    if step % 100 == 0:
        print(f"[{step}/500] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f}")
with torch.no_grad():
    out = netG(torch.randn(500, 4))
finish([netG, netD], out, distance_loss=(out.mean(0) - torch.tensor([2.0, -1.0])).norm())
