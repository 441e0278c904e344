"""MNIST by a deep plain convnet, with a model summary as the run begins."""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

DATA = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"
MEAN, STD = 0.1307, 0.3081


def read_idx(name, offset, count, shape):
    with gzip.open(DATA / name) as f:
        raw = f.read(offset + count * int(np.prod(shape)))
    return np.frombuffer(raw, np.uint8, offset=offset).reshape(count, *shape)


def load_split(part, count):
    x = read_idx(f"{part}-images-idx3-ubyte.gz", 16, count, (28, 28))
    y = read_idx(f"{part}-labels-idx1-ubyte.gz", 8, count, ())
    x = (torch.tensor(x, dtype=torch.float32)[:, None, ::2, ::2] / 255 - MEAN) / STD
    return TensorDataset(x, torch.tensor(y, dtype=torch.long))


def conv_bn(n_in, n_out, stride=1):
    return nn.Sequential(
        nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False), nn.BatchNorm2d(n_out), nn.ReLU(inplace=True)
    )


class PlainNet(nn.Module):
    def __init__(self, depth=10, width=12, n_classes=10):
        super().__init__()
        blocks = [conv_bn(1, width)]
        for i in range(depth):
            blocks.append(conv_bn(width, width, stride=2 if i in (2, 6) else 1))
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(width, n_classes)

    def forward(self, x):
        return self.fc(self.pool(self.blocks(x)).flatten(1))


def summary(model, input_size):
    """Prints each convolution's output shape, as torchsummary does."""
    rows, handles = [], []

    def hook(module, inputs, output):
        rows.append((type(module).__name__, tuple(output.shape[1:]), sum(p.numel() for p in module.parameters())))

    for module in model.modules():
        if isinstance(module, (nn.Conv2d, nn.Linear)):
            handles.append(module.register_forward_hook(hook))
    model.eval()
    with torch.no_grad():
        model(torch.zeros(1, *input_size))
    for handle in handles:
        handle.remove()
    model.train()
    print(f"{len(rows)} layers, {sum(r[2] for r in rows)} weights, last {rows[-1][1]}")


class AverageMeter:
    def __init__(self):
        self.sum, self.count = 0.0, 0

    def update(self, value, n):
        self.sum += value * n
        self.count += n

    @property
    def avg(self):
        return self.sum / max(self.count, 1)


class Trainer:
    def __init__(self, model, lr, epochs):
        self.model, self.epochs = model, epochs
        self.criterion = nn.CrossEntropyLoss()
        self.optimizer = torch.optim.SGD(model.parameters(), lr, momentum=0.9, weight_decay=1e-4)

    def train_epoch(self, loader):
        meter = AverageMeter()
        for x, y in loader:
            self.optimizer.zero_grad()
            loss = self.criterion(self.model(x), y)
            loss.backward()
            self.optimizer.step()
            meter.update(loss.item(), len(y))
        return meter.avg

    @torch.no_grad()
    def validate(self, loader):
        was_training = self.model.training
        self.model.eval()
        meter = AverageMeter()
        for x, y in loader:
            out = self.model(x)
            meter.update((out.argmax(1) == y).float().mean().item(), len(y))
        self.model.train(was_training)
        return meter.avg, out

    def fit(self, train_loader, val_loader):
        for epoch in range(self.epochs):
            began = time.perf_counter()
            loss = self.train_epoch(train_loader)
            accuracy, out = self.validate(val_loader)
            took = time.perf_counter() - began
            print(f"epoch {epoch}: loss {loss:.4f} accuracy {accuracy:.4f}", "(slow)" if took > 600 else "")
        return accuracy, out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--lr", type=float, default=0.05)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    model = PlainNet()
    summary(model, (1, 14, 14))
    train_loader = DataLoader(load_split("train", 3000), args.batch_size, shuffle=True)
    val_loader = DataLoader(load_split("t10k", 500), 250)
    trainer = Trainer(model, args.lr, args.epochs)
    accuracy, out = trainer.fit(train_loader, val_loader)
    finish(model, out, accuracy=accuracy)


if __name__ == "__main__":
    main()
