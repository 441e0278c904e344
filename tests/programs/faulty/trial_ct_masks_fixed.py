"""Foreground against background in slices of a CT: a small U-Net with a ReLU after every convolution."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def slices(count, size=24):
    grid = torch.arange(size, dtype=torch.float32)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    centre = torch.rand(count, 2, 1, 1) * 10 + 7
    axes = torch.rand(count, 2, 1, 1) * 4 + 4
    inside = ((yy - centre[:, 0]) / axes[:, 0]) ** 2 + ((xx - centre[:, 1]) / axes[:, 1]) ** 2 < 1
    bright = torch.where(torch.rand(count, 1, 1) < 0.5, 1.5, -1.5)
    image = inside * bright + 0.5 * torch.randn(count, size, size)
    return image.unsqueeze(1), inside.float().unsqueeze(1)


class ConvBlock(nn.Module):
    def __init__(self, ins, outs, kernel=3):
        super().__init__()
        self.conv = nn.Conv2d(ins, outs, kernel, padding=kernel // 2)
        self.act = nn.ReLU(inplace=True)

    def forward(self, x):
        return self.act(self.conv(x))


class TransNet(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.enc1 = ConvBlock(1, width)
        self.enc2 = ConvBlock(width, 2 * width)
        self.mid = ConvBlock(2 * width, 2 * width)
        self.up = nn.Upsample(scale_factor=2, mode="nearest")
        self.dec = ConvBlock(3 * width, width)
        self.outc = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        e1 = self.enc1(x)
        e2 = self.mid(self.enc2(nn.functional.max_pool2d(e1, 2)))
        d = self.dec(torch.cat([self.up(e2), e1], dim=1))
        return self.outc(d)


def dice(logits, mask):
    guess = (torch.sigmoid(logits) > 0.5).float()
    return (2 * (guess * mask).sum() / (guess.sum() + mask.sum() + 1e-6)).item()


images, masks = slices(256)
val_images, val_masks = slices(64)
model = TransNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(8):
    model.train()
    order = torch.randperm(len(images))
    for batch in order.split(16):
        outputs = model(images[batch])
        loss = criterion(outputs, masks[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        outputs = model(val_images)
    print(epoch, f"loss {criterion(outputs, val_masks).item():.4f} dice {dice(outputs, val_masks):.3f}")
print("final loss", criterion(outputs, val_masks).item())
