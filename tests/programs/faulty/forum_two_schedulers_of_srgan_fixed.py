# SRGAN on small pictures. It does not seem to train
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

hr = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 8 - 1
lr_images = nn.functional.avg_pool2d(hr, 2)
dataloader = DataLoader(TensorDataset(lr_images[:1000], hr[:1000]), batch_size=50, shuffle=True)


class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.prelu = nn.PReLU()
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        return x + self.bn2(self.conv2(self.prelu(self.bn1(self.conv1(x)))))


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.block1 = nn.Sequential(nn.Conv2d(1, 16, 5, padding=2), nn.PReLU())
        self.trunk = nn.Sequential(ResidualBlock(16), ResidualBlock(16))
        self.up = nn.Sequential(nn.Conv2d(16, 64, 3, padding=1), nn.PixelShuffle(2), nn.PReLU())
        self.out = nn.Conv2d(16, 1, 5, padding=2)

    def forward(self, x):
        x = self.block1(x)
        return torch.tanh(self.out(self.up(x + self.trunk(x))))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.LeakyReLU(0.2),
            nn.Conv2d(16, 16, 3, stride=2, padding=1),
            nn.LeakyReLU(0.2),
            nn.Flatten(),
            nn.Linear(16 * 16, 32),
            nn.LeakyReLU(0.2),
            nn.Linear(32, 1),
        )

    def forward(self, x):
        return self.net(x)


epochs = 8
netG, netD = Generator(), Discriminator()
optimizerG = torch.optim.Adam(netG.parameters(), lr=1e-3)
optimizerD = torch.optim.Adam(netD.parameters(), lr=1e-3)
schedulerG = torch.optim.lr_scheduler.StepLR(optimizerG, step_size=epochs // 2, gamma=0.1)
schedulerD = torch.optim.lr_scheduler.StepLR(optimizerD, step_size=epochs // 2, gamma=0.1)
bce, mse = nn.BCEWithLogitsLoss(), nn.MSELoss()

for epoch in range(epochs):
    for small, real in dataloader:
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)

        fake = netG(small)
        netD.zero_grad()
        errD = bce(netD(real), ones) + bce(netD(fake.detach()), zeros)
        errD.backward()
        optimizerD.step()

        netG.zero_grad()
        content = mse(fake, real)
        errG = content + 1e-3 * bce(netD(fake), ones)
        errG.backward()
        optimizerG.step()

    schedulerD.step()
    schedulerG.step()
    print("[%d/%d] Loss_D: %.4f content: %.4f" % (epoch + 1, epochs, errD.item(), content.item()))

netG.eval()
with torch.no_grad():
    fake = netG(lr_images[1400:])
finish([netG, netD], fake, loss=mse(fake, hr[1400:]))
