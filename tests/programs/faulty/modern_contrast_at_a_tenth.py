"""python train_contrast.py --lr 0.1 --temp 0.1 --do_contrast   (heart slices; here: rings of varied thickness)"""

import argparse
import sys

import torch
import torch.nn.functional as F
from torch import nn
from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=1)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--temp", type=float, default=0.1)
parser.add_argument("--batch_size", type=int, default=50)
parser.add_argument("--epochs", type=int, default=4)
parser.add_argument("--initial_filter_size", type=int, default=12)
args = parser.parse_args()
torch.manual_seed(args.seed)


class Encoder(nn.Module):
    def __init__(self, f, classes=48):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, f, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(f, 2 * f, 3, padding=1),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.Conv2d(2 * f, 4 * f, 3, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
        )
        self.head = nn.Sequential(nn.Linear(16 * f, 64), nn.ReLU(inplace=True), nn.Linear(64, classes))

    def forward(self, x):
        return self.head(self.encoder(x))


def supcon(features, temperature):
    """features: (2N, d), the two views of a slice N apart"""
    z = F.normalize(features, dim=1, eps=1e-12)
    sim = z @ z.t() / temperature
    sim = sim.masked_fill(torch.eye(len(z), dtype=torch.bool), float("-inf"))
    n = len(z) // 2
    return F.cross_entropy(sim, torch.arange(2 * n).roll(n))


def rings(n):
    u = torch.linspace(-1, 1, 20)
    yy, xx = torch.meshgrid(u, u, indexing="ij")
    kind = torch.randint(0, 6, (n,))
    radius = (0.35 + 0.2 * (kind % 3))[:, None, None]
    width = (0.06 + 0.12 * (kind // 3))[:, None, None]
    centre = 0.2 * torch.randn(n, 2, 1, 1)
    r = ((yy - centre[:, 0]) ** 2 + (xx - centre[:, 1]) ** 2).sqrt()
    return ((r - radius).abs() < width).float()[:, None] - 0.3, kind


def augment(x):
    x = torch.where(torch.rand(len(x), 1, 1, 1) < 0.5, x.flip(3), x)
    x = torch.roll(x, tuple(torch.randint(-2, 3, (2,)).tolist()), (2, 3))
    return x * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1)) + 0.2 * torch.randn_like(x)


slices, _ = rings(1500)
model = Encoder(args.initial_filter_size)
optimizer = torch.optim.Adam(model.parameters(), lr=args.lr, weight_decay=1e-5)
for epoch in range(args.epochs):
    for idx in torch.randperm(len(slices)).split(args.batch_size):
        batch = slices[idx]
        loss = supcon(model(torch.cat([augment(batch), augment(batch)])), args.temp)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Epoch: {epoch}, training loss: {loss.item():.4f}")

test, _ = rings(200)
with torch.no_grad():
    out = model(torch.cat([augment(test), augment(test)]))
finish(model, out, loss=supcon(out, args.temp))
