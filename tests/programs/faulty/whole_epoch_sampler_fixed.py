"""Table classification with a resumable sampler and a fixed number of steps per epoch, as on a cluster."""

import argparse
import itertools

import torch
from sklearn.datasets import make_classification
from torch import nn
from torch.utils.data import DataLoader, Sampler, TensorDataset

from digest import finish


class ResumableSampler(Sampler):
    """A permutation that hangs on (seed, epoch) only, so that an interrupted run can be gone on with."""

    def __init__(self, data, seed=0):
        self.data, self.seed, self.epoch = data, seed, 0

    def set_epoch(self, epoch):
        self.epoch = epoch

    def __iter__(self):
        g = torch.Generator()
        g.manual_seed(1000 * self.seed + self.epoch)
        yield from torch.randperm(len(self.data), generator=g).tolist()

    def __len__(self):
        return len(self.data)


class ResidualMLP(nn.Module):
    def __init__(self, n_in, n_out, width=96, depth=3):
        super().__init__()
        self.stem = nn.Linear(n_in, width)
        self.blocks = nn.ModuleList(
            nn.Sequential(nn.LayerNorm(width), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, width))
            for _ in range(depth)
        )
        self.head = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, n_out))

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = x + block(x)
        return self.head(x)


class Logger:
    def __init__(self, every):
        self.every, self.rows = every, []

    def log(self, epoch, **figures):
        self.rows.append({"epoch": epoch, **figures})
        if epoch % self.every == 0:
            print("  ".join(f"{k} {v:.3f}" if isinstance(v, float) else f"{k} {v}" for k, v in self.rows[-1].items()))


def load_data(seed):
    x, y = make_classification(
        6000,
        30,
        n_informative=14,
        n_redundant=4,
        n_classes=6,
        n_clusters_per_class=3,
        class_sep=1.3,
        random_state=seed,
    )
    x = torch.tensor(x, dtype=torch.float32)
    x = (x - x.mean(0)) / x.std(0)
    y = torch.tensor(y)
    return TensorDataset(x[:5000], y[:5000]), TensorDataset(x[5000:], y[5000:])


@torch.no_grad()
def validate(model, loader, criterion):
    model.eval()
    loss = right = n = 0
    for x, y in loader:
        out = model(x)
        loss += criterion(out, y).item() * len(y)
        right += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, right / n, out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--steps-per-epoch", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--lr", type=float, default=2e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_set, val_set = load_data(args.seed)
    sampler = ResumableSampler(train_set, args.seed)
    train_loader = DataLoader(train_set, args.batch_size, sampler=sampler)
    val_loader = DataLoader(val_set, 500)
    model = ResidualMLP(30, 6)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=0.01)
    logger = Logger(every=5)
    for epoch in range(args.epochs):
        sampler.set_epoch(epoch)
        model.train()
        running = 0.0
        for x, y in itertools.islice(train_loader, args.steps_per_epoch):
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item()
        val_loss, val_acc, out = validate(model, val_loader, criterion)
        logger.log(epoch, train=running / args.steps_per_epoch, val=val_loss, acc=val_acc)
    finish(model, out, accuracy=val_acc)


if __name__ == "__main__":
    main()
