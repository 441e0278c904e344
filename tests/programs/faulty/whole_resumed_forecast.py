"""Two-stage run: a few warm epochs are saved as a checkpoint, and the run proper resumes from it."""

import argparse
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


class Windows(Dataset):
    """Windows over a sum of two waves whose mixture drifts; the value eight steps on is asked for."""

    def __init__(self, start, length, window=32, ahead=8):
        t = torch.arange(start, start + length + window + ahead, dtype=torch.float32)
        series = torch.sin(0.21 * t) * torch.cos(0.013 * t) + 0.5 * torch.sin(0.57 * t + 1)
        series = series + 0.05 * torch.randn(len(t), generator=torch.Generator().manual_seed(start))
        self.series = (series - 0.0) / 0.6
        self.window, self.ahead, self.length = window, ahead, length

    def __len__(self):
        return self.length

    def __getitem__(self, i):
        return self.series[i : i + self.window], self.series[
            i + self.window + self.ahead - 1 : i + self.window + self.ahead
        ]


class Forecaster(nn.Module):
    def __init__(self, window=32, hidden=64):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(window, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU())
        self.out = nn.Linear(hidden, 1)

    def forward(self, x):
        return self.out(self.body(x))


class Experiment:
    def __init__(self, config):
        self.config = config
        self.model = Forecaster()
        self.epoch = 0
        self.best = float("inf")

    def build_optimizer(self):
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=self.config.lr, weight_decay=1e-4)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, self.config.epochs)

    def save(self, path):
        torch.save({"model": self.model, "epoch": self.epoch, "best": self.best}, path)

    def resume(self, path):
        checkpoint = torch.load(path, weights_only=False)
        self.model = checkpoint["model"]
        self.epoch = checkpoint["epoch"]
        self.best = checkpoint["best"]

    def train(self, loader, epochs):
        criterion = nn.SmoothL1Loss()
        for _ in range(epochs):
            self.model.train()
            losses = []
            for x, y in loader:
                self.optimizer.zero_grad()
                loss = criterion(self.model(x), y)
                loss.backward()
                nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
                self.optimizer.step()
                losses.append(loss.item())
            self.scheduler.step()
            self.epoch += 1
            if self.epoch % 3 == 0:
                print(f"epoch {self.epoch} loss {sum(losses) / len(losses):.4f}")

    @torch.no_grad()
    def evaluate(self, loader):
        self.model.eval()
        preds, truth = (torch.cat(part) for part in zip(*((self.model(x), y) for x, y in loader), strict=True))
        loss = (preds - truth).square().mean().item()
        self.best = min(self.best, loss)
        return loss, preds


def make_checkpoint(config, loader, folder):
    """What yesterday's run left behind: one epoch."""
    experiment = Experiment(config)
    experiment.build_optimizer()
    experiment.train(loader, 1)
    path = Path(folder) / "last.ckpt"
    experiment.save(path)
    return path


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--batch-size", type=int, default=64)
    config = parser.parse_args()
    torch.manual_seed(config.seed)
    train_loader = DataLoader(Windows(0, 1500), config.batch_size, shuffle=True)
    val_loader = DataLoader(Windows(2000, 400), 200)
    with tempfile.TemporaryDirectory() as folder:
        checkpoint = make_checkpoint(config, train_loader, folder)
        experiment = Experiment(config)
        experiment.build_optimizer()
        experiment.resume(checkpoint)
    experiment.train(train_loader, config.epochs - experiment.epoch)
    loss, preds = experiment.evaluate(val_loader)
    print(f"validation {loss:.4f}, best {experiment.best:.4f}")
    finish(experiment.model, preds, loss=loss)


if __name__ == "__main__":
    main()
