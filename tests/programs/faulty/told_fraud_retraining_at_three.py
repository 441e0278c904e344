"""Nightly retraining of the fraud model."""

import argparse
import logging
import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

from digest import finish

logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stdout)
log = logging.getLogger("retrain")


class FraudNet(nn.Module):
    def __init__(self, width, p):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(20, width), nn.LeakyReLU(), nn.Dropout(p), nn.Linear(width, width), nn.LeakyReLU(), nn.Dropout(p)
        )
        self.score = nn.Linear(width, 1)

    def forward(self, x):
        return self.score(self.body(x))


def load(n, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(n, 20, generator=g)
    risk = x[:, 0] * x[:, 1] + x[:, 2].abs() - 0.8 + 0.6 * x[:, 3]
    return TensorDataset(x, (risk > 0).float().unsqueeze(1))


def train_one_epoch(model, loader, optimizer, loss_fn):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = loss_fn(model(x), y)
        loss.backward()
        nn.utils.clip_grad_value_(model.parameters(), 100.0)
        optimizer.step()
        total += loss.item() * len(x)
    return total / len(loader.dataset)


@torch.no_grad()
def validate(model, loader):
    hits = 0
    for x, y in loader:
        hits += ((model(x) > 0) == (y > 0.5)).sum().item()
    return hits / len(loader.dataset)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=0)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_set, val_set = random_split(load(2500, args.seed), [2000, 500])
    train_loader = DataLoader(train_set, batch_size=100, shuffle=True)
    val_loader = DataLoader(val_set, batch_size=250)
    model = FraudNet(64, 0.4)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    loss_fn = nn.BCEWithLogitsLoss()
    for epoch in range(25):
        loss = train_one_epoch(model, train_loader, optimizer, loss_fn)
        acc = validate(model, val_loader)
        if epoch % 5 == 4:
            log.info("epoch %d loss %.4f val acc %.4f", epoch, loss, acc)
    finish(model, model(val_set[:][0]), accuracy=acc)


if __name__ == "__main__":
    main()
