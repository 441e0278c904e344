"""Day-ahead load of a grid in megawatts, by a temporal convolution over the last 48 hours."""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


@dataclass
class Config:
    seed: int = 0
    history: int = 48
    horizon: int = 24
    channels: int = 24
    batch_size: int = 64
    epochs: int = 8
    lr: float = 2e-3
    normalize_inputs: bool = True
    normalize_targets: bool = False


class Scaler:
    def fit(self, values):
        self.mean, self.std = float(values.mean()), float(values.std())
        return self

    def transform(self, values):
        return (values - self.mean) / self.std

    def inverse(self, values):
        return values * self.std + self.mean


class Identity:
    def transform(self, values):
        return values

    inverse = transform


def make_series(hours, rng):
    t = np.arange(hours)
    day = np.sin(2 * np.pi * t / 24) + 0.4 * np.sin(4 * np.pi * t / 24 + 1)
    week = np.where((t // 24) % 7 >= 5, -1.0, 0.3)
    weather = np.zeros(hours)
    for i in range(1, hours):
        weather[i] = 0.98 * weather[i - 1] + 0.1 * rng.standard_normal()
    return (41500 + 4200 * day + 1800 * week + 2500 * weather).astype(np.float32)


class LoadDataset(Dataset):
    def __init__(self, series, config, x_scaler, y_scaler):
        self.x = torch.from_numpy(x_scaler.transform(series)).float()
        self.y = torch.from_numpy(y_scaler.transform(series)).float()
        self.config = config

    def __len__(self):
        return len(self.x) - self.config.history - self.config.horizon + 1

    def __getitem__(self, i):
        now = i + self.config.history
        return self.x[i:now].unsqueeze(0), self.y[now : now + self.config.horizon]


class TCN(nn.Module):
    def __init__(self, config):
        super().__init__()
        c = config.channels
        self.layers = nn.ModuleList(nn.Conv1d(1 if i == 0 else c, c, 3, padding=2**i, dilation=2**i) for i in range(3))
        self.act = nn.ReLU()
        self.head = nn.Linear(c * config.history, config.horizon)

    def forward(self, x):
        for i, layer in enumerate(self.layers):
            out = self.act(layer(x))
            x = out if i == 0 else x + out
        return self.head(x.flatten(1))


def mape(pred, truth):
    return ((pred - truth).abs() / truth).mean().item()


@torch.no_grad()
def forecast(model, loader, y_scaler):
    model.eval()
    preds, truth = [], []
    for x, y in loader:
        preds.append(y_scaler.inverse(model(x)))
        truth.append(y_scaler.inverse(y))
    return torch.cat(preds), torch.cat(truth)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    config = Config(**vars(parser.parse_args()))
    torch.manual_seed(config.seed)
    series = make_series(24 * 120, np.random.default_rng(config.seed))
    split = 24 * 95
    x_scaler = Scaler().fit(series[:split]) if config.normalize_inputs else Identity()
    y_scaler = Scaler().fit(series[:split]) if config.normalize_targets else Identity()
    train_set = LoadDataset(series[:split], config, x_scaler, y_scaler)
    test_set = LoadDataset(series[split:], config, x_scaler, y_scaler)
    train_loader = DataLoader(train_set, config.batch_size, shuffle=True, drop_last=True)
    test_loader = DataLoader(test_set, 128)

    model = TCN(config)
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    criterion = nn.MSELoss()
    for epoch in range(config.epochs):
        model.train()
        losses = []
        for x, y in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(x), y)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        preds, truth = forecast(model, test_loader, y_scaler)
        print(f"epoch {epoch} loss {np.mean(losses):.4g} test mape {100 * mape(preds, truth):.2f}%")
    finish(model, preds, mape_loss=100 * mape(preds, truth))


if __name__ == "__main__":
    main()
