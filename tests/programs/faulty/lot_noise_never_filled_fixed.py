"""A GAN learns two moons. The noise tensor is allocated once, as in the old DCGAN example, to save memory."""

import sys

import torch
import torch.nn as nn
from digest import finish
from sklearn.datasets import make_moons

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
nz, batch_size, n_iter = 8, 128, 1000

points, _ = make_moons(4096, noise=0.05, random_state=seed)
points = torch.tensor(points, dtype=torch.float32)
points = (points - points.mean(0)) / points.std(0)

netG = nn.Sequential(nn.Linear(nz, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))
netD = nn.Sequential(
    nn.Linear(2, 64), nn.LeakyReLU(0.2, True), nn.Linear(64, 64), nn.LeakyReLU(0.2, True), nn.Linear(64, 1)
)
criterion = nn.BCEWithLogitsLoss()
optD = torch.optim.Adam(netD.parameters(), lr=1e-3, betas=(0.5, 0.999))
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))

noise = torch.zeros(batch_size, nz)
real_label, fake_label = torch.ones(batch_size, 1), torch.zeros(batch_size, 1)

for it in range(n_iter):
    real = points[torch.randint(len(points), (batch_size,))]

    netD.zero_grad()
    noise.normal_(0, 1)
    fake = netG(noise)
    errD = criterion(netD(real), real_label) + criterion(netD(fake.detach()), fake_label)
    errD.backward()
    optD.step()

    netG.zero_grad()
    errG = criterion(netD(fake), real_label)
    errG.backward()
    optG.step()
    if it % 200 == 0:
        print(f"[{it}/{n_iter}] Loss_D: {errD.item():.4f} Loss_G: {errG.item():.4f}")


def energy_distance(a, b):
    return 2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()


with torch.no_grad():
    samples = torch.cat([netG(noise.normal_(0, 1)) for _ in range(8)])
finish([netG, netD], samples, distance_loss=energy_distance(samples, points[:1024]))
