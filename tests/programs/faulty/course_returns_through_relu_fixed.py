"""LSTM on a stock series, translated from a Keras example: 8 daily changes in per cent -> the next one."""

import argparse
import math

import numpy as np
import torch
from torch import nn

from digest import finish

N_PAST = 8


def daily_changes(n, seed):
    """no csv at hand: a price that swings around its trend, with the week in it"""
    rng = np.random.default_rng(seed)
    changes = np.zeros(n)
    for i in range(2, n):
        changes[i] = 1.2 * changes[i - 1] - 0.7 * changes[i - 2] + 0.35 * rng.standard_normal()
    return changes + 0.4 * np.sin(2 * math.pi * np.arange(n) / 5)


def series_to_supervised(values, n_past):
    X = np.stack([values[i : i + n_past] for i in range(len(values) - n_past)])
    return torch.tensor(X, dtype=torch.float32)[:, :, None], torch.tensor(values[n_past:], dtype=torch.float32)[
        :, None
    ]


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(1, 32, batch_first=True)
        self.dense = nn.Linear(32, 1)

    def forward(self, x):
        out, _ = self.lstm(x)
        return self.dense(out[:, -1])


def fit(model, X, y, epochs, batch_size, test):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    mse = nn.MSELoss()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for rows in torch.randperm(len(X)).split(batch_size):
            loss = mse(model(X[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        with torch.no_grad():
            val_loss = mse(model(test[0]), test[1]).item()
        print(f"Epoch {epoch}/{epochs} - loss: {total / len(X):.4f} - val_loss: {val_loss:.4f}")
    return val_loss


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=15)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    X, y = series_to_supervised(daily_changes(1300, args.seed), N_PAST)
    model = Model()
    val_loss = fit(model, X[:1000], y[:1000], args.epochs, 20, (X[1000:], y[1000:]))
    prediction = model(X[1000:])
    print("predicted", [round(v, 2) for v in prediction[:6].flatten().tolist()])
    print("real     ", [round(v, 2) for v in y[1000:1006].flatten().tolist()])
    finish(model, prediction, loss=val_loss)
