"""MNIST from the original idx files: train, validate after every epoch, keep the best weights, test.

usage: python panel_mnist_argparse.py [SEED] [--epochs N] [--lr LR] [--batch-size N] [--patience N]
"""

import argparse
import copy
import gzip
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset, Subset

from digest import finish

ROOT = Path(__file__).resolve().parents[3] / "src/headstart/train/data"
MEAN, STD = 0.1307, 0.3081


def read_idx(path):
    with gzip.open(path, "rb") as f:
        data = f.read()
    if data[3] == 3:
        return np.frombuffer(data, np.uint8, offset=16).reshape(-1, 28, 28)
    return np.frombuffer(data, np.uint8, offset=8)


class Mnist(Dataset):
    def __init__(self, root, split, transform=None, limit=None):
        prefix = "train" if split == "train" else "t10k"
        self.images = read_idx(root / f"{prefix}-images-idx3-ubyte.gz")[:limit]
        self.labels = read_idx(root / f"{prefix}-labels-idx1-ubyte.gz")[:limit]
        self.transform = transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        image = torch.from_numpy(self.images[i].astype(np.float32))[None]
        if self.transform is not None:
            image = self.transform(image)
        return image, int(self.labels[i])


def normalise(image):
    return (image / 255 - MEAN) / STD


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 12, 5, stride=2)
        self.bn1 = nn.BatchNorm2d(12)
        self.conv2 = nn.Conv2d(12, 24, 5, stride=2)
        self.bn2 = nn.BatchNorm2d(24)
        self.fc1 = nn.Linear(24 * 4 * 4, 64)
        self.fc2 = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)


def build_loaders(args):
    train = Mnist(ROOT, "train", transform=normalise, limit=4000)
    test = Mnist(ROOT, "test", limit=1000)
    valid = Subset(Mnist(ROOT, "train", transform=normalise, limit=4600), range(4000, 4600))
    return (
        DataLoader(train, args.batch_size, shuffle=True),
        DataLoader(valid, 200),
        DataLoader(test, 200),
    )


def train_epoch(model, loader, optimizer, epoch):
    model.train()
    running = 0.0
    for i, (x, y) in enumerate(loader):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
        if i % 25 == 0:
            print(f"epoch {epoch} [{i * len(x):5d}/{len(loader.dataset)}] loss {loss.item():.4f}")
    return running / len(loader)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    correct, scores = 0, []
    for x, y in loader:
        scores.append(model(x))
        correct += (scores[-1].argmax(1) == y).sum().item()
    return correct / len(loader.dataset), torch.cat(scores)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--patience", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(1)

    train, valid, test = build_loaders(args)
    model = Net()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=1, gamma=0.7)
    best, best_state, bad = 0.0, None, 0
    for epoch in range(1, args.epochs + 1):
        loss = train_epoch(model, train, optimizer, epoch)
        accuracy, _ = evaluate(model, valid)
        scheduler.step()
        print(f"epoch {epoch}: train loss {loss:.4f}, validation accuracy {accuracy:.3f}")
        if accuracy > best:
            best, best_state, bad = accuracy, copy.deepcopy(model.state_dict()), 0
        else:
            bad += 1
            if bad >= args.patience:
                break
    model.load_state_dict(best_state)
    accuracy, scores = evaluate(model, test)
    print(f"test accuracy {accuracy:.3f}")
    finish(model, scores, accuracy=accuracy)


if __name__ == "__main__":
    main()
