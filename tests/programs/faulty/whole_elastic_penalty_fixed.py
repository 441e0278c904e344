"""Energy efficiency of buildings from a table, with an elastic-net penalty in the criterion."""

import argparse
from dataclasses import asdict, dataclass, field

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


@dataclass
class PenaltyConfig:
    l1: float = 1e-5
    l2: float = 1e-4


@dataclass
class Config:
    seed: int = 0
    epochs: int = 25
    batch_size: int = 50
    lr: float = 3e-3
    hidden: tuple = (64, 64)
    penalty: PenaltyConfig = field(default_factory=PenaltyConfig)


def buildings(n, seed):
    rng = np.random.default_rng(seed)
    area = rng.uniform(500, 810, n)
    height = rng.choice([3.5, 7.0], n)
    glazing = rng.choice([0.0, 0.1, 0.25, 0.4], n)
    orientation = rng.integers(2, 6, n)
    compact = 1 / (area / 700) + 0.02 * rng.standard_normal(n)
    wall = rng.uniform(245, 416, n)
    heating = (
        4.5 * height * compact
        + 18 * glazing * np.where(orientation > 3, 1.0, 0.4)
        + 8 * np.sin((wall - 245) / 40) * (height > 5)
        + 0.5 * rng.standard_normal(n)
    )
    return np.stack([area, height, glazing, orientation, compact, wall], 1), heating[:, None]


class StandardScaler:
    def fit(self, x):
        self.mean, self.scale = x.mean(0), x.std(0)
        return self

    def __call__(self, x):
        return torch.tensor((x - self.mean) / self.scale, dtype=torch.float32)


class MLP(nn.Sequential):
    def __init__(self, n_in, hidden, n_out=1):
        layers = []
        for width in hidden:
            layers += [nn.Linear(n_in, width), nn.SiLU()]
            n_in = width
        super().__init__(*layers, nn.Linear(n_in, n_out))


class PenalisedLoss(nn.Module):
    """Base loss + l1 * |w| + l2 * w^2, summed over the weight matrices of a model."""

    def __init__(self, base, model, penalty):
        super().__init__()
        self.base, self.penalty = base, penalty
        self.weights = [p for name, p in model.named_parameters() if name.endswith("weight")]

    def forward(self, pred, target):
        loss = self.base(pred, target)
        for w in self.weights:
            loss = loss + self.penalty.l1 * w.abs().sum() + self.penalty.l2 * w.square().sum()
        return loss


def fit(model, loader, config):
    criterion = PenalisedLoss(nn.MSELoss(), model, config.penalty)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    for epoch in range(config.epochs):
        model.train()
        losses = []
        for x, y in loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        if epoch % 5 == 0:
            print(f"epoch {epoch:2d} penalised loss {np.mean(losses):.4f}")


@torch.no_grad()
def score(model, x, y):
    model.eval()
    pred = model(x)
    return (1 - (pred - y).square().mean() / y.var()).item(), pred


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    config = Config(seed=parser.parse_args().seed)
    print({k: v for k, v in asdict(config).items() if k != "seed"})
    torch.manual_seed(config.seed)
    x, y = buildings(1500, config.seed)
    x_scaler, y_scaler = StandardScaler().fit(x[:1200]), StandardScaler().fit(y[:1200])
    x, y = x_scaler(x), y_scaler(y)
    model = MLP(x.shape[1], config.hidden)
    loader = DataLoader(TensorDataset(x[:1200], y[:1200]), config.batch_size, shuffle=True)
    fit(model, loader, config)
    r2, pred = score(model, x[1200:], y[1200:])
    finish(model, pred, r2=r2)


if __name__ == "__main__":
    main()
