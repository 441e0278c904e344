"""A single-shot detector in small: two default boxes per cell, class scores and offsets by convolutions."""

import argparse
import random

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

SIZE, GRID, CLASSES = 32, 8, 4  # classes: background and three shapes
SCALES = (6.0, 11.0)


def default_boxes():
    """(GRID * GRID * 2, 4) as centre and size, cell by cell, in pixels."""
    step = SIZE / GRID
    rows = [(step * (j + 0.5), step * (i + 0.5), s, s) for i in range(GRID) for j in range(GRID) for s in SCALES]
    return torch.tensor(rows)


def iou(box, boxes):
    lo = torch.maximum(box[:2] - box[2:] / 2, boxes[:, :2] - boxes[:, 2:] / 2)
    hi = torch.minimum(box[:2] + box[2:] / 2, boxes[:, :2] + boxes[:, 2:] / 2)
    inter = (hi - lo).clamp(min=0).prod(1)
    return inter / (box[2:].prod() + boxes[:, 2:].prod(1) - inter)


class Shapes(Dataset):
    """One or two shapes a picture: a filled square, a frame, a cross."""

    def __init__(self, n, seed, priors):
        rng = random.Random(seed)
        g = torch.Generator().manual_seed(seed)
        self.rows = []
        for _ in range(n):
            image = 0.15 * torch.randn(1, SIZE, SIZE, generator=g)
            target = torch.zeros(len(priors), dtype=torch.long)
            offsets = torch.zeros(len(priors), 4)
            for _ in range(rng.randint(1, 2)):
                kind, s = rng.randint(1, 3), rng.choice([5, 6, 7, 10, 11, 12])
                x, y = rng.randint(0, SIZE - s), rng.randint(0, SIZE - s)
                patch = torch.ones(s, s)
                if kind == 2:
                    patch[1:-1, 1:-1] = 0
                elif kind == 3:
                    patch = torch.eye(s) + torch.eye(s).flip(0)
                image[0, y : y + s, x : x + s] += patch
                box = torch.tensor([x + s / 2, y + s / 2, float(s), float(s)])
                overlap = iou(box, priors)
                hit = overlap > 0.45
                hit[overlap.argmax()] = True
                target[hit] = kind
                offsets[hit, :2] = (box[:2] - priors[hit, :2]) / priors[hit, 2:]
                offsets[hit, 2:] = (box[2:] / priors[hit, 2:]).log()
            self.rows.append((image, target, offsets))

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, i):
        return self.rows[i]


class SSD(nn.Module):
    def __init__(self, width=24):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(2 * width, 2 * width, 3, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        )  # fmt: skip
        self.loc = nn.Conv2d(2 * width, 4 * len(SCALES), 3, padding=1)
        self.conf = nn.Conv2d(2 * width, CLASSES * len(SCALES), 3, padding=1)

    @staticmethod
    def per_box(maps, k):
        return maps.permute(0, 2, 3, 1).reshape(len(maps), -1, k)

    def forward(self, x):
        features = self.backbone(x)
        return self.per_box(self.conf(features), CLASSES), self.per_box(self.loc(features), 4)


class MultiBoxLoss(nn.Module):
    """Cross-entropy with the hardest negatives, three a positive, and smooth L1 on the positives."""

    def forward(self, conf, loc, target, offsets):
        positive = target > 0
        ce = F.cross_entropy(conf.transpose(1, 2), target, reduction="none")
        n_negative = (3 * positive.sum(1, keepdim=True)).clamp(max=target.shape[1])
        rank = ce.detach().masked_fill(positive, -1).argsort(1, descending=True).argsort(1)
        keep = positive | (rank < n_negative)
        l1 = F.smooth_l1_loss(loc[positive], offsets[positive], reduction="sum")
        return (ce[keep].sum() + l1) / positive.sum().clamp(min=1)


@torch.no_grad()
def box_recall(model, loader):
    """Share of matched default boxes whose class is right, and that of background called background."""
    model.eval()
    right = found = clean = empty = 0
    for image, target, _ in loader:
        conf, _ = model(image)
        called = conf.argmax(2)
        positive = target > 0
        right += (called[positive] == target[positive]).sum().item()
        found += positive.sum().item()
        clean += (called[~positive] == 0).sum().item()
        empty += (~positive).sum().item()
    return 0.5 * (right / found + clean / empty), conf


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--lr", type=float, default=3e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    priors = default_boxes()
    train_loader = DataLoader(Shapes(400, args.seed, priors), 16, shuffle=True)
    val_loader = DataLoader(Shapes(100, args.seed + 9, priors), 50)
    model, criterion = SSD(), MultiBoxLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [4], gamma=0.3)
    for epoch in range(args.epochs):
        model.train()
        for image, target, offsets in train_loader:
            conf, loc = model(image)
            loss = criterion(conf, loc, target, offsets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        score, conf = box_recall(model, val_loader)
        print(f"epoch {epoch} loss {loss.item():.3f} balanced recall {score:.3f}")
    finish(model, conf, recall=score)


if __name__ == "__main__":
    main()
