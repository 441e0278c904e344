"""Inverse dynamics of a two-link arm: joint torques from angles, speeds and accelerations."""

import argparse
import json
import tempfile
from pathlib import Path

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


def mlp(sizes, activation, output_activation=nn.ReLU):
    layers = []
    for i in range(len(sizes) - 1):
        act = activation if i < len(sizes) - 2 else output_activation
        layers += [nn.Linear(sizes[i], sizes[i + 1]), act()]
    return nn.Sequential(*layers)


class ArmModel(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.net = mlp([6, *hidden, 2], nn.Tanh)

    def forward(self, state):
        return self.net(state)


def simulate(n, seed):
    """The equations of a planar arm with masses 1 and 0.6, lengths 1 and 0.8."""
    g = torch.Generator().manual_seed(seed)
    q = (torch.rand(n, 2, generator=g) * 2 - 1) * 3.14
    dq = torch.randn(n, 2, generator=g)
    ddq = torch.randn(n, 2, generator=g)
    m1, m2, l1, l2, grav = 1.0, 0.6, 1.0, 0.8, 9.81
    c2, s2 = q[:, 1].cos(), q[:, 1].sin()
    h = m2 * l1 * l2
    m11 = (m1 + m2) * l1**2 + m2 * l2**2 + 2 * h * c2
    m12 = m2 * l2**2 + h * c2
    tau1 = m11 * ddq[:, 0] + m12 * ddq[:, 1] - h * s2 * (2 * dq[:, 0] * dq[:, 1] + dq[:, 1] ** 2)
    tau1 = tau1 + (m1 + m2) * grav * l1 * q[:, 0].cos() + m2 * grav * l2 * (q[:, 0] + q[:, 1]).cos()
    tau2 = m12 * ddq[:, 0] + m2 * l2**2 * ddq[:, 1] + h * s2 * dq[:, 0] ** 2
    tau2 = tau2 + m2 * grav * l2 * (q[:, 0] + q[:, 1]).cos()
    return torch.cat([q, dq, ddq], 1), torch.stack([tau1, tau2], 1)


class Normaliser:
    def __init__(self, values):
        self.mean, self.std = values.mean(0), values.std(0)

    def __call__(self, values):
        return (values - self.mean) / self.std


class JsonLog:
    def __init__(self, folder):
        self.file = Path(folder) / "log.jsonl"

    def write(self, **row):
        with self.file.open("a") as f:
            f.write(json.dumps(row) + "\n")

    def last(self):
        return json.loads(self.file.read_text().splitlines()[-1])


def run_epoch(model, loader, criterion, optimizer=None):
    model.train(optimizer is not None)
    total = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for state, torque in loader:
            out = model(state)
            loss = criterion(out, torque)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(state)
    return total / len(loader.dataset), out


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--hidden", type=int, nargs="+", default=[64, 64])
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--lr", type=float, default=3e-3)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    state, torque = simulate(4000, args.seed)
    state, torque = Normaliser(state[:3500])(state), Normaliser(torque[:3500])(torque)
    train_loader = DataLoader(TensorDataset(state[:3500], torque[:3500]), 64, shuffle=True)
    test_loader = DataLoader(TensorDataset(state[3500:], torque[3500:]), 500)
    model = ArmModel(args.hidden)
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    criterion = nn.MSELoss()
    with tempfile.TemporaryDirectory() as folder:
        log = JsonLog(folder)
        for epoch in range(args.epochs):
            train_loss, _ = run_epoch(model, train_loader, criterion, optimizer)
            test_loss, out = run_epoch(model, test_loader, criterion)
            scheduler.step()
            log.write(epoch=epoch, train=round(train_loss, 4), test=round(test_loss, 4))
        print(log.last())
    finish(model, out, loss=test_loss)


if __name__ == "__main__":
    main()
