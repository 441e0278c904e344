"""Finds the four corners of a court in an image, one heatmap per corner."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class CourtDataset(Dataset):
    def __init__(self, n, size=24):
        self.size = size
        self.images = torch.zeros(n, 1, size, size)
        self.points = torch.zeros(n, 4, 2)
        for i in range(n):
            x0, y0 = torch.randint(2, 9, (2,)).tolist()
            x1, y1 = torch.randint(14, size - 2, (2,)).tolist()
            self.images[i, 0, y0, x0 : x1 + 1] = 1
            self.images[i, 0, y1, x0 : x1 + 1] = 1
            self.images[i, 0, y0 : y1 + 1, x0] = 1
            self.images[i, 0, y0 : y1 + 1, x1] = 1
            self.points[i] = torch.tensor([[x0, y0], [x1, y0], [x0, y1], [x1, y1]], dtype=torch.float)
        self.images += 0.1 * torch.randn_like(self.images)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, idx):
        grid = torch.arange(self.size, dtype=torch.float)
        points = self.points[idx]
        dx = (grid[None, None, :] - points[:, 0, None, None]) ** 2
        dy = (grid[None, :, None] - points[:, 1, None, None]) ** 2
        return self.images[idx], torch.exp(-(dx + dy) / 4), points


class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 5, padding=2), nn.BatchNorm2d(out_channels), nn.ReLU()
        )

    def forward(self, x):
        return self.block(x)


class BallTrackerNet(nn.Module):
    def __init__(self, out_channels=4):
        super().__init__()
        self.conv1 = ConvBlock(1, 12)
        self.conv2 = ConvBlock(12, 16)
        self.conv3 = ConvBlock(16, 16)
        self.conv4 = nn.Conv2d(16, out_channels, 5, padding=2)

    def forward(self, x):
        return torch.sigmoid(self.conv4(self.conv3(self.conv2(self.conv1(x)))))


def train(model, train_loader, optimizer, criterion, epoch):
    model.train()
    losses = []
    for image, heatmap, _ in train_loader:
        out = model(image)
        loss = criterion(out, heatmap)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(f"train | epoch = {epoch}, loss = {sum(losses) / len(losses):.5f}")


def val(model, val_loader):
    model.eval()
    hits, total = 0, 0
    with torch.no_grad():
        for image, _, points in val_loader:
            out = model(image)
            index = out.flatten(2).argmax(2)
            found = torch.stack([index % out.shape[-1], index // out.shape[-1]], 2)
            hits += ((found - points).abs().amax(2) <= 1).sum().item()
            total += points.shape[0] * 4
    return hits / total


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    train_loader = DataLoader(CourtDataset(640), batch_size=16, shuffle=True)
    val_loader = DataLoader(CourtDataset(160), batch_size=32)
    model = BallTrackerNet()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, betas=(0.9, 0.999), weight_decay=0)
    for epoch in range(5):
        train(model, train_loader, optimizer, criterion, epoch)
    print("final accuracy", round(val(model, val_loader), 4))
