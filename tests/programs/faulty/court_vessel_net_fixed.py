"""Foreground/background segmentation of vessel-like lines with a transfuse-like two-branch net."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def conv_bn_relu(cin, cout, k=3, stride=1):
    return nn.Sequential(nn.Conv2d(cin, cout, k, stride, k // 2, bias=False), nn.BatchNorm2d(cout), nn.ReLU())


def vessels(n, size=24):
    t = torch.linspace(-1, 1, size)
    yy, xx = torch.meshgrid(t, t, indexing="ij")
    angle, shift = torch.rand(n) * 3.14, torch.rand(n) * 1.0 - 0.5
    bend = torch.rand(n) * 1.2 - 0.6
    u = angle.cos()[:, None, None] * xx + angle.sin()[:, None, None] * yy
    v = -angle.sin()[:, None, None] * xx + angle.cos()[:, None, None] * yy
    mask = ((v - shift[:, None, None] - bend[:, None, None] * u**2).abs() < 0.15).float().unsqueeze(1)
    return mask + 0.5 * torch.randn(n, 1, size, size) - 0.15, mask


class Local(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 12), conv_bn_relu(12, 12))

    def forward(self, x):
        return self.body(x)


class Context(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(conv_bn_relu(1, 16, stride=2), conv_bn_relu(16, 16, 5))
        self.up = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, x):
        return self.up(self.body(x))


class TwoBranch(nn.Module):
    def __init__(self):
        super().__init__()
        self.local, self.context = Local(), Context()
        self.fuse = conv_bn_relu(28, 16)
        self.last = nn.Conv2d(16, 1, 1)

    def forward(self, x):
        return self.last(self.fuse(torch.cat([self.local(x), self.context(x)], 1)))


x, y = vessels(240)
xv, yv = vessels(60)
model = TwoBranch()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(5):
    model.train()
    for idx in torch.randperm(len(x)).split(16):
        outputs = model(x[idx])
        loss = criterion(outputs, y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outputs = model(xv)
        val_loss = criterion(outputs, yv)
        guess = (outputs.sigmoid() > 0.5).float()
        dice = (2 * (guess * yv).sum() / (guess.sum() + yv.sum())).item()
    print(f"epoch {epoch + 1} train {loss.item():.4f} val {val_loss.item():.4f} dice {dice:.3f}")
print(f"final val_loss {val_loss.item():.4f}")
