"""Segments bright vessels in noisy patches with a small U-Net and a soft overlap."""

import sys

import torch
from torch import nn
from torch.nn import functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def make_patches(n, size=24):
    t = torch.linspace(0, 1, size)
    rows = torch.arange(size).view(1, size, 1)
    a, b, c = (torch.rand(n, 1) for _ in range(3))
    center = size * (0.2 + 0.6 * a) + 4 * torch.sin(6 * t * (0.5 + b) + 6 * c)
    mask = (rows - center.unsqueeze(1)).abs() < 2.2
    image = 0.9 * mask.float() + 0.4 * torch.randn(n, size, size)
    return image.unsqueeze(1), mask.float()


def soft_dice(outputs, target, eps=1.0):
    prob = F.softmax(outputs, 1)[:, 1]
    inter = (prob * target).sum((1, 2))
    dice = (2 * inter + eps) / (prob.sum((1, 2)) + target.sum((1, 2)) + eps)
    return 1 - dice.mean()


def double_conv(i, o):
    return nn.Sequential(
        nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(True), nn.Conv2d(o, o, 3, padding=1), nn.ReLU(True)
    )


class UNet(nn.Module):
    def __init__(self, r=8):
        super().__init__()
        self.c1 = double_conv(1, r)
        self.c2 = double_conv(r, 2 * r)
        self.up = nn.ConvTranspose2d(2 * r, r, 2, stride=2)
        self.c3 = double_conv(2 * r, r)
        self.out = nn.Conv2d(r, 2, 1)

    def forward(self, x):
        a = self.c1(x)
        b = self.c2(F.max_pool2d(a, 2))
        return self.out(self.c3(torch.cat([a, self.up(b)], 1)))


x_train, y_train = make_patches(320)
x_val, y_val = make_patches(80)
net = UNet()
optim = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(8):
    net.train()
    order = torch.randperm(len(x_train))
    for idx in order.split(16):
        optim.zero_grad()
        loss = soft_dice(net(x_train[idx]), y_train[idx])
        loss.backward()
        optim.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    pred = net(x_val).argmax(1).float()
    dice = 2 * (pred * y_val).sum() / (pred.sum() + y_val.sum())
print("final dice", round(dice.item(), 4))
