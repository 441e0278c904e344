# fixed: the scheduler steps once an epoch
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import PolynomialLR
from torch.utils.data import DataLoader, Dataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

args = {"epochs": 8, "batch_size": 16, "lr": 0.05, "momentum": 0.9, "power": 0.9}


class Cells(Dataset):
    """Grey discs on an uneven ground, and their outlines as masks."""

    def __init__(self, n, size=28):
        yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
        self.images = 0.4 * torch.randn(n, 1, size, size) + (xx / size - 0.5) * torch.randn(n, 1, 1, 1)
        self.masks = torch.zeros(n, size, size, dtype=torch.long)
        for _ in range(3):
            y, x = torch.randint(4, size - 4, (2, n, 1, 1))
            r = torch.randint(2, 5, (n, 1, 1))
            distance = ((yy - y) ** 2 + (xx - x) ** 2).float().sqrt()
            self.images[:, 0] += 1.0 * (distance < r)
            self.masks[(distance - r).abs() < 0.9] = 2
            self.masks[distance < r - 0.9] = 1

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        return self.images[i], self.masks[i]


class FCN(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.ReLU(), nn.Conv2d(width, width, 3, padding=1))
        self.deep = nn.Sequential(nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU())
        self.head = nn.Conv2d(3 * width, 3, 3, padding=1)

    def forward(self, x):
        fine = F.relu(self.down(x))
        coarse = F.interpolate(self.deep(F.max_pool2d(fine, 2)), scale_factor=2.0, mode="bilinear")
        return self.head(torch.cat([fine, coarse], dim=1))


net = FCN()
loader = DataLoader(Cells(320), batch_size=args["batch_size"], shuffle=True)
weight = torch.tensor([0.4, 1.0, 1.0])
optimizer = torch.optim.SGD(net.parameters(), lr=args["lr"], momentum=args["momentum"])
scheduler = PolynomialLR(optimizer, total_iters=args["epochs"], power=args["power"])
for epoch in range(args["epochs"]):
    for images, masks in loader:
        loss = F.cross_entropy(net(images), masks, weight=weight)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"[epoch {epoch}] loss {loss.item():.3f}")

held_out = Cells(80)
with torch.no_grad():
    scores = net(held_out.images)
found = scores.argmax(1)
ious = [((found == c) & (held_out.masks == c)).sum() / ((found == c) | (held_out.masks == c)).sum() for c in range(3)]
finish(net, scores, mean_iou=sum(ious) / 3)
