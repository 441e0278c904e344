"""Keypoints of a tennis court as heat maps."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

H = W = 24


def gaussian2d(x, y, sigma=1.5):
    ys, xs = torch.meshgrid(torch.arange(H).float(), torch.arange(W).float(), indexing="ij")
    return torch.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * sigma**2))


class courtDataset(Dataset):
    def __init__(self, n):
        self.data = []
        for _ in range(n):
            x1, y1 = torch.randint(1, 8, (2,)).tolist()
            x2, y2 = torch.randint(15, 23, (2,)).tolist()
            img = torch.rand(1, H, W) * 0.4
            img[0, y1, x1 : x2 + 1] = 1
            img[0, y2, x1 : x2 + 1] = 1
            img[0, y1 : y2 + 1, x1] = 1
            img[0, y1 : y2 + 1, x2] = 1
            kps = [(x1, y1), (x2, y1), (x1, y2), (x2, y2)]
            self.data.append((img - 0.3, torch.stack([gaussian2d(*kp) for kp in kps]), torch.tensor(kps)))

    def __len__(self):
        return len(self.data)

    def __getitem__(self, i):
        return self.data[i]


class ConvBlock(nn.Module):
    def __init__(self, in_channels, out_channels):
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv2d(in_channels, out_channels, 5, padding=2), nn.ReLU(), nn.BatchNorm2d(out_channels)
        )

    def forward(self, x):
        return self.block(x)


class TrackerNet(nn.Module):
    def __init__(self, out_channels=4):
        super().__init__()
        self.conv1 = ConvBlock(1, 12)
        self.conv2 = ConvBlock(12, 16)
        self.conv3 = ConvBlock(16, 16)
        self.conv4 = nn.Conv2d(28, out_channels, 5, padding=2)

    def forward(self, x):
        x = self.conv1(x)
        skip = x
        x = self.conv2(F.max_pool2d(x, 2))
        x = self.conv3(x)
        x = F.interpolate(x, scale_factor=2)
        return self.conv4(torch.cat([x, skip], 1))


def train(model, train_loader, optimizer, criterion, epoch, max_iters=40):
    model.train()
    losses = []
    for iter_id, batch in enumerate(train_loader):
        out = model(batch[0])
        gt_hm_hp = batch[1]
        loss = criterion(F.sigmoid(out), gt_hm_hp)

        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

        losses.append(loss.item())
        if iter_id + 1 >= max_iters:
            break
    print("train, epoch = {}, loss = {}".format(epoch, round(sum(losses) / len(losses), 6)))


def val(model, loader):
    model.eval()
    dists, outs = [], []
    for batch in loader:
        with torch.no_grad():
            out = model(batch[0])
        outs.append(out)
        best = out.flatten(2).argmax(2)
        dists.append(((torch.stack([best % W, best // W], 2) - batch[2]).float() ** 2).sum(2).sqrt())
    return torch.cat(dists).median(), torch.cat(outs)


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    train_loader = DataLoader(courtDataset(320), batch_size=8, shuffle=True)
    val_loader = DataLoader(courtDataset(40), batch_size=8)
    model = TrackerNet()
    criterion = nn.MSELoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.999), weight_decay=0)
    for epoch in range(8):
        train(model, train_loader, optimizer, criterion, epoch)
    dist, outs = val(model, val_loader)
    finish(model, outs, pixel_loss=dist)
