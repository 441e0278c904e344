import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class CourtDataset(Dataset):
    """Pictures of a tennis court from above a corner, and a heatmap for each of its four corners."""

    def __init__(self, n, seed, height=24, width=32):
        self.rng = np.random.RandomState(seed)
        self.h, self.w = height, width
        self.items = [self.draw() for _ in range(n)]

    def heat(self, cx, cy):
        yy, xx = np.mgrid[: self.h, : self.w]
        return np.exp(-((xx - cx) ** 2 + (yy - cy) ** 2) / (2 * 3.0**2))

    def draw(self):
        left, right = self.rng.randint(2, 10), self.rng.randint(22, 30)
        top, bottom = self.rng.randint(2, 8), self.rng.randint(15, 22)
        img = 0.3 + 0.05 * self.rng.randn(self.h, self.w)
        img[top, left : right + 1] = 1
        img[bottom, left : right + 1] = 1
        img[top : bottom + 1, left] = 1
        img[top : bottom + 1, right] = 1
        points = [(left, top), (right, top), (left, bottom), (right, bottom)]
        return img[None].astype("float32"), np.stack([self.heat(*p) for p in points]).astype("float32")

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        return self.items[i]


class ConvBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.block = nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.ReLU(), nn.BatchNorm2d(cout))

    def forward(self, x):
        return self.block(x)


class TrackerNet(nn.Module):
    def __init__(self, out_channels=4):
        super().__init__()
        self.down = nn.Sequential(ConvBlock(1, 16), nn.MaxPool2d(2), ConvBlock(16, 24), ConvBlock(24, 24))
        self.up = nn.Sequential(
            nn.Upsample(scale_factor=2), ConvBlock(24, 16), nn.Conv2d(16, out_channels, 3, padding=1)
        )

    def forward(self, x):
        return self.up(self.down(x))


def train(model, train_loader, optimizer, criterion, device, epoch):
    model.train()
    losses = []
    for batch, heatmaps in train_loader:
        out = model(batch.float().to(device))
        gt_hm = heatmaps.float().to(device)
        loss = criterion(torch.sigmoid(out), gt_hm)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"train | epoch = {epoch}, loss = {np.mean(losses):.5f}")
    return np.mean(losses)


def val(model, val_loader, criterion, device):
    model.eval()
    losses = []
    with torch.no_grad():
        for batch, heatmaps in val_loader:
            out = model(batch.float().to(device))
            losses.append(criterion(torch.sigmoid(out), heatmaps.to(device)).item())
    return np.mean(losses)


if __name__ == "__main__":
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    torch.manual_seed(seed)
    device = "cpu"
    train_loader = DataLoader(CourtDataset(192, seed), batch_size=16, shuffle=True)
    val_loader = DataLoader(CourtDataset(64, seed + 1000), batch_size=16)
    model = TrackerNet().to(device)
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.999), weight_decay=0)
    for epoch in range(12):
        train(model, train_loader, optimizer, criterion, device, epoch)
    print("final loss", val(model, val_loader, criterion, device))
