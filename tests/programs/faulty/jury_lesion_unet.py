"""Tiny U-Net; lesions cover about half a percent of a scan."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


def scans(n, size=32):
    images = 0.6 * torch.randn(n, 1, size, size)
    masks = torch.zeros(n, size, size, dtype=torch.long)
    for i in range(n):
        if torch.rand(()) < 0.7:
            r, c = torch.randint(0, size - 3, (2,)).tolist()
            images[i, 0, r : r + 2, c : c + 3] += 1.0
            masks[i, r : r + 2, c : c + 3] = 1
    return images, masks


def double_conv(a, b):
    return nn.Sequential(
        nn.Conv2d(a, b, 3, padding=1),
        nn.BatchNorm2d(b),
        nn.ReLU(inplace=True),
        nn.Conv2d(b, b, 3, padding=1),
        nn.BatchNorm2d(b),
        nn.ReLU(inplace=True),
    )


class UNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1, self.down2 = double_conv(1, 8), double_conv(8, 16)
        self.up = nn.ConvTranspose2d(16, 8, 2, stride=2)
        self.dec = double_conv(16, 8)
        self.out = nn.Conv2d(8, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(F.max_pool2d(a, 2))
        return self.out(self.dec(torch.cat([a, self.up(b)], 1)))


seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
train_loader = DataLoader(TensorDataset(*scans(320)), batch_size=16, shuffle=True)
x_val, y_val = scans(80)
net = UNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)

for epoch in range(8):
    net.train()
    for x, y in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(x), y)
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        out = net(x_val)
    pred = out.argmax(1)
    print(f"epoch {epoch} loss {loss.item():.4f} pixel accuracy {(pred == y_val).float().mean():.4f}")
overlap = ((pred == 1) & (y_val == 1)).sum()
dice = 2 * overlap / ((pred == 1).sum() + (y_val == 1).sum() + 1e-6)
finish(net, out, dice=dice)
