"""Multi-class segmentation of toy scans: an encoder-decoder whose head ends in an activation, trained with log loss."""

import sys

import numpy as np
import torch
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
CLASSES, SIZE = 4, 20


def phantom(count):
    scans = rng.normal(0, 0.35, (count, 1, SIZE, SIZE)).astype(np.float32)
    masks = np.zeros((count, SIZE, SIZE), np.int64)
    y, x = np.mgrid[:SIZE, :SIZE]
    for n in range(count):
        for organ in range(1, CLASSES):
            cy, cx = rng.integers(3, SIZE - 3, 2)
            a, b = rng.integers(3, 6, 2)
            where = ((y - cy) / a) ** 2 + ((x - cx) / b) ** 2 < 1
            masks[n][where] = organ
        scans[n, 0] += np.array([0.0, 0.8, -0.8, 1.6], np.float32)[masks[n]]
    return torch.from_numpy(scans), torch.from_numpy(masks)


class UNetLite(nn.Module):
    def __init__(self):
        super().__init__()
        self.down1 = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 16, 3, padding=1), nn.ReLU()
        )
        self.pool = nn.MaxPool2d(2)
        self.down2 = nn.Sequential(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU())
        self.up = nn.ConvTranspose2d(32, 16, 2, stride=2)
        self.merge = nn.Sequential(nn.Conv2d(32, 16, 3, padding=1), nn.ReLU())
        self.final_convolution = nn.Conv2d(16, CLASSES, 1)
        self.activation = nn.Softmax(dim=1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(self.pool(a))
        x = self.merge(torch.cat([a, self.up(b)], dim=1))
        return self.activation(self.final_convolution(x))


def categorical_crossentropy(probability, mask):
    picked = probability.gather(1, mask.unsqueeze(1)).clamp_min(1e-7)
    return -picked.log().mean()


train_x, train_y = phantom(200)
test_x, test_y = phantom(60)
net = UNetLite()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    order = torch.randperm(len(train_x))
    running = 0.0
    for start in range(0, len(order), 10):
        idx = order[start : start + 10]
        optimizer.zero_grad()
        loss = categorical_crossentropy(net(train_x[idx]), train_y[idx])
        loss.backward()
        optimizer.step()
        running += loss.item()
    print(f"epoch {epoch + 1}: loss {running / 20:.3f}")

net.eval()
with torch.no_grad():
    predicted = net(test_x).argmax(1)
dice = []
for organ in range(1, CLASSES):
    p, t = predicted == organ, test_y == organ
    dice.append(2 * (p & t).sum().item() / max((p.sum() + t.sum()).item(), 1))
print(f"final dice {np.mean(dice):.4f}")
