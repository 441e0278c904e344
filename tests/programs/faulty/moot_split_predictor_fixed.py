"""A predictor for rows of a table, with the layers built from the arguments."""

import sys
from argparse import Namespace

import torch
import torch.nn as nn
import torch.nn.functional as F


class MLP(nn.Module):
    def __init__(self, input_dim, hidden_dims, num_classes, dropout=0.1):
        super().__init__()
        layers = []
        last = input_dim
        for dim in hidden_dims:
            layers.append(nn.Linear(last, dim))
            layers.append(nn.ReLU())
            layers.append(nn.Dropout(dropout))
            last = dim
        layers.append(nn.Linear(last, num_classes))
        self.seq = nn.Sequential(*layers)

    def forward(self, x):
        return self.seq(x)


def moons(n):
    t = torch.rand(n) * torch.pi
    y = torch.randint(2, (n,))
    x = torch.where(y == 0, torch.cos(t), 1 - torch.cos(t))
    z = torch.where(y == 0, torch.sin(t), 0.3 - torch.sin(t)) * 1.2
    ring = torch.stack([x - 0.5, z - 0.2], 1) + 0.08 * torch.randn(n, 2)
    angle = torch.rand(n) * 2 * torch.pi
    radius = torch.where(y == 0, 0.5, 1.3) + 0.12 * torch.randn(n)
    circle = torch.stack([radius * angle.cos(), radius * angle.sin()], 1)
    which = (torch.rand(n, 1) < 0.3).float()
    rows = torch.cat([ring * which, circle * (1 - which), 2 * which - 1], 1)
    return rows, y


def train_predictor(data, cfg):
    x, y = data
    predictor = MLP(x.shape[1], cfg.hidden_dims, 2)
    optim = torch.optim.Adam(predictor.parameters(), lr=cfg.lr)
    for epoch in range(cfg.num_epochs):
        predictor.train()
        losses = []
        for idx in torch.randperm(len(x)).split(cfg.batch_size):
            optim.zero_grad()
            loss = F.cross_entropy(predictor(x[idx]), y[idx])
            loss.backward()
            optim.step()
            losses.append(loss.item())
        if epoch % 5 == 0:
            print(f"epoch {epoch}, train loss {sum(losses) / len(losses):.4f}")
    return predictor


if __name__ == "__main__":
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    cfg = Namespace(hidden_dims=[64, 64], lr=2e-3, num_epochs=25, batch_size=50)
    predictor = train_predictor(moons(1500), cfg)
    predictor.eval()
    rows, y = moons(600)
    with torch.no_grad():
        acc = (predictor(rows).argmax(1) == y).float().mean().item()
    print("final accuracy", round(acc, 4))
