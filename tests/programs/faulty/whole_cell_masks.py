"""Segmentation of round cells by a small U-Net; images and masks come as 8-bit pictures."""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


def draw(rng, size=24):
    """A grey picture of two or three cells and its mask, both uint8 as PNG files hold them."""
    yy, xx = np.mgrid[:size, :size]
    mask = np.zeros((size, size), bool)
    for _ in range(rng.integers(2, 4)):
        cy, cx, r = rng.integers(4, size - 4), rng.integers(4, size - 4), rng.integers(2, 5)
        mask |= (yy - cy) ** 2 + (xx - cx) ** 2 <= r * r
    image = 90 + 50 * mask + 25 * rng.standard_normal((size, size))
    return image.clip(0, 255).astype(np.uint8), mask.astype(np.uint8) * 255


class CellDataset(Dataset):
    def __init__(self, folder, n, seed):
        rng = np.random.default_rng(seed)
        self.files = []
        for i in range(n):
            image, mask = draw(rng)
            file = Path(folder, f"{seed}_{i:04d}.npz")
            np.savez(file, image=image, mask=mask)
            self.files.append(file)
        self.cache = [self.load(file) for file in self.files]

    @staticmethod
    def to_image(array):
        return (torch.from_numpy(array).float().unsqueeze(0) / 255 - 0.4) / 0.15

    @staticmethod
    def to_mask(array):
        return torch.from_numpy(array).float().unsqueeze(0)

    def load(self, file):
        with np.load(file) as arrays:
            return self.to_image(arrays["image"]), self.to_mask(arrays["mask"])

    def __len__(self):
        return len(self.cache)

    def __getitem__(self, i):
        return self.cache[i]


def double_conv(n_in, n_out):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, padding=1),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
        nn.Conv2d(n_out, n_out, 3, padding=1),
        nn.BatchNorm2d(n_out),
        nn.ReLU(),
    )


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down1 = double_conv(1, base)
        self.down2 = double_conv(base, 2 * base)
        self.up = nn.ConvTranspose2d(2 * base, base, 2, stride=2)
        self.merge = double_conv(2 * base, base)
        self.out = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(nn.functional.max_pool2d(a, 2))
        return self.out(self.merge(torch.cat([a, self.up(b)], 1)))


class IoU:
    def __init__(self):
        self.inter = self.union = 0

    def __call__(self, logits, mask):
        pred, true = logits > 0, mask > 0.5
        self.inter += (pred & true).sum().item()
        self.union += (pred | true).sum().item()

    def compute(self):
        return self.inter / max(self.union, 1)


def train_net(model, loader, epochs, lr):
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.RMSprop(model.parameters(), lr=lr, weight_decay=1e-8, momentum=0.9)
    for epoch in range(epochs):
        model.train()
        epoch_loss = 0.0
        for image, mask in loader:
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(image)
            loss = criterion(logits.float(), mask)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            epoch_loss += loss.item()
        print(f"epoch {epoch}: loss {epoch_loss / len(loader):.4f}")


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    metric = IoU()
    for image, mask in loader:
        logits = model(image)
        metric(logits, mask)
    return metric.compute(), logits


def main():
    parser = argparse.ArgumentParser(description="Train the UNet on images and target masks")
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", "-e", type=int, default=3)
    parser.add_argument("--batch-size", "-b", type=int, default=8)
    parser.add_argument("--learning-rate", "-l", type=float, default=5e-4)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    with tempfile.TemporaryDirectory() as folder:
        train_set, val_set = CellDataset(folder, 240, args.seed), CellDataset(folder, 60, args.seed + 100)
    model = UNet()
    train_net(model, DataLoader(train_set, args.batch_size, shuffle=True), args.epochs, args.learning_rate)
    score, logits = evaluate(model, DataLoader(val_set, 30))
    finish(model, logits, iou=score)


if __name__ == "__main__":
    main()
