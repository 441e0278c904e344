"""Transfer learning: a backbone is pretrained on one set of digit classes, and tuned on the others with little data."""

import argparse
import logging

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

log = logging.getLogger("finetune")


def digits_of(classes, seed, limit=None):
    x, y = load_digits(return_X_y=True)
    keep = np.isin(y, classes)
    x = torch.tensor(x[keep], dtype=torch.float32).view(-1, 1, 8, 8) / 16
    x = (x - 0.3) / 0.37
    y = torch.tensor([classes.index(v) for v in y[keep]])
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    n = limit or int(0.8 * len(y))
    return TensorDataset(x[:n], y[:n]), TensorDataset(x[n:], y[n:])


class ConvBlock(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x):
        return F.relu(self.norm(self.conv(x)))


class Network(nn.Module):
    """Backbone and head; while `frozen`, the backbone keeps its statistics."""

    def __init__(self, n_classes, width=24):
        super().__init__()
        self.backbone = nn.Sequential(
            ConvBlock(1, width), ConvBlock(width, width), nn.MaxPool2d(2), ConvBlock(width, 2 * width)
        )
        self.dropout = nn.Dropout(0.5)
        self.head = nn.Linear(2 * width, n_classes)
        self.frozen = False

    def freeze_backbone(self, frozen=True):
        self.frozen = frozen
        for p in self.backbone.parameters():
            p.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode=True):
        super().train(mode)
        if self.frozen:
            self.backbone.eval()
        return self

    def forward(self, x):
        x = self.backbone(x).mean((2, 3))
        return self.head(self.dropout(x))


def run_epochs(model, loader, epochs, lr):
    params = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(params, lr=lr, weight_decay=1e-4)
    for epoch in range(epochs):
        model.train()
        total = 0.0
        for x, y in loader:
            loss = F.cross_entropy(model(x), y)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(y)
        log.info("epoch %d loss %.3f", epoch, total / len(loader.dataset))


@torch.no_grad()
def test(model, loader):
    model.eval()
    logits, labels = [], []
    for x, y in loader:
        logits.append(model(x))
        labels.append(y)
    logits, labels = torch.cat(logits), torch.cat(labels)
    nll = F.cross_entropy(logits, labels).item()
    accuracy = (logits.argmax(1) == labels).float().mean().item()
    print(f"test accuracy {accuracy:.3f} nll {nll:.3f}")
    return nll, logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--shots", type=int, default=100)
    parser.add_argument("--test-batch", type=int, default=4)
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    torch.manual_seed(args.seed)

    model = Network(5)
    source, source_test = digits_of([0, 1, 2, 3, 4], args.seed)
    run_epochs(model, DataLoader(source, 32, shuffle=True), epochs=4, lr=3e-3)
    test(model, DataLoader(source_test, args.test_batch))

    model.head = nn.Linear(model.head.in_features, 5)
    model.freeze_backbone()
    target, target_test = digits_of([5, 6, 7, 8, 9], args.seed, limit=args.shots)
    run_epochs(model, DataLoader(target, 20, shuffle=True), epochs=10, lr=1e-2)
    model.freeze_backbone(False)
    run_epochs(model, DataLoader(target, 20, shuffle=True), epochs=10, lr=1e-3)
    nll, logits = test(model, DataLoader(target_test, args.test_batch))
    finish(model, logits, loss=nll)


if __name__ == "__main__":
    main()
