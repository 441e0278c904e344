# fault: a DeepLab-like head is trained with two images a batch: the batch norm of its image-pooling branch has two values a channel
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

BATCH_SIZE = 2
EPOCHS = 12
NUM_CLASSES = 3


def make_scenes(n, size=20):
    """Fields with one round crop in each: ripe (1) in mid-season, which the light tells, and unripe (2) before and after."""
    season = torch.rand(n) * 1.2 - 0.6
    ys, xs = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    cy, cx = torch.randint(6, size - 6, (2, n, 1, 1))
    radius = torch.randint(3, 6, (n, 1, 1))
    crop = (ys - cy) ** 2 + (xs - cx) ** 2 < radius**2
    images = season[:, None, None, None] + torch.randn(n, 3, size, size)
    images[:, 1] += 3.0 * crop
    masks = torch.where(season.abs() < 0.3, 1, 2)[:, None, None] * crop
    return images, masks


class ConvBNReLU(nn.Sequential):
    def __init__(self, cin, cout, k=3, dilation=1):
        padding = dilation * (k // 2)
        super().__init__(
            nn.Conv2d(cin, cout, k, padding=padding, dilation=dilation, bias=False), nn.BatchNorm2d(cout), nn.ReLU()
        )


class ASPP(nn.Module):
    def __init__(self, channels, rates=(1, 3)):
        super().__init__()
        self.branches = nn.ModuleList(ConvBNReLU(channels, channels, 3, rate) for rate in rates)
        self.pooling = nn.Sequential(nn.AdaptiveAvgPool2d(1), ConvBNReLU(channels, channels, 1))
        self.project = nn.Conv2d(channels * (len(rates) + 1), NUM_CLASSES, 1)

    def forward(self, x):
        found = [branch(x) for branch in self.branches]
        found.append(F.interpolate(self.pooling(x), size=x.shape[-2:], mode="nearest"))
        return self.project(torch.cat(found, dim=1))


model = nn.Sequential(nn.Conv2d(3, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU(), ASPP(12))
train_set = TensorDataset(*make_scenes(400))
images, masks = make_scenes(120)
loader = DataLoader(train_set, batch_size=BATCH_SIZE, shuffle=True, drop_last=True)
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for epoch in range(EPOCHS):
    model.train()
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1}: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    out = model(images)
crop = masks > 0
finish(model, out, accuracy=(out.argmax(1) == masks)[crop].float().mean())
