"""Cultivars of wine from thirteen chemical measurements (scikit-learn), with the settings in one dataclass."""

import sys
from dataclasses import asdict, dataclass

import numpy as np
import torch
from sklearn.datasets import load_wine
from sklearn.model_selection import StratifiedShuffleSplit
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


@dataclass(frozen=True)
class Config:
    hidden: int = 32
    dropout: float = 0.1
    lr: float = 0.01
    momentum: float = 0.9
    epochs: int = 60
    batch_size: int = 16
    patience: int = 60
    standardize: bool = True
    test_share: float = 0.25


class Scaler:
    """Shifts and scales columns by what `fit` saw; does nothing if switched off."""

    def __init__(self, enabled=True):
        self.enabled = enabled

    def fit(self, x):
        self.mean, self.std = x.mean(0), x.std(0)
        return self

    def __call__(self, x):
        return (x - self.mean) / self.std if self.enabled else x


class WineDataset(Dataset):
    def __init__(self, x, y, scaler):
        self.x = torch.as_tensor(scaler(x), dtype=torch.float32)
        self.y = torch.as_tensor(y, dtype=torch.long)

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


class WineNet(nn.Module):
    def __init__(self, n_features, n_classes, cfg):
        super().__init__()
        self.hidden1 = nn.Linear(n_features, cfg.hidden)
        self.hidden2 = nn.Linear(cfg.hidden, cfg.hidden)
        self.drop = nn.Dropout(cfg.dropout)
        self.out = nn.Linear(cfg.hidden, n_classes)

    def forward(self, x):
        x = torch.relu(self.hidden1(x))
        x = self.drop(torch.relu(self.hidden2(x)))
        return self.out(x)


class EarlyStopping:
    def __init__(self, patience):
        self.patience, self.best, self.waited = patience, np.inf, 0

    def __call__(self, value):
        if value < self.best - 1e-4:
            self.best, self.waited = value, 0
        else:
            self.waited += 1
        return self.waited >= self.patience


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    loss_sum, hits = 0.0, 0
    with torch.set_grad_enabled(optimizer is not None):
        for x, y in loader:
            scores = model(x)
            loss = criterion(scores, y)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            loss_sum += loss.item() * len(y)
            hits += (scores.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss_sum / n, hits / n


def main(seed):
    cfg = Config()
    print(asdict(cfg))
    torch.manual_seed(seed)
    torch.set_num_threads(1)
    x, y = load_wine(return_X_y=True)
    split = StratifiedShuffleSplit(1, test_size=cfg.test_share, random_state=0)
    train_rows, test_rows = next(split.split(x, y))
    scaler = Scaler(cfg.standardize).fit(x[train_rows])
    train = DataLoader(WineDataset(x[train_rows], y[train_rows], scaler), cfg.batch_size, shuffle=True)
    test_set = WineDataset(x[test_rows], y[test_rows], scaler)
    test = DataLoader(test_set, len(test_set))
    model = WineNet(x.shape[1], 3, cfg)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=cfg.lr, momentum=cfg.momentum)
    stopper = EarlyStopping(cfg.patience)
    for epoch in range(cfg.epochs):
        loss, accuracy = run_epoch(model, train, criterion, optimizer)
        test_loss, test_accuracy = run_epoch(model, test, criterion)
        if epoch % 10 == 9:
            print(f"{epoch + 1:3d}  {loss:.3f} {accuracy:.3f}   {test_loss:.3f} {test_accuracy:.3f}")
        if stopper(test_loss):
            print("stopped early")
            break
    model.eval()
    finish(model, model(test_set.x), accuracy=test_accuracy)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
