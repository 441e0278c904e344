# fixed: clipped at 1
import argparse
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish
from headstart.train.mnist import mnist

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--clip-value", type=float, default=1.0)
parser.add_argument("--lr", type=float, default=0.05)
parser.add_argument("--epochs", type=int, default=5)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)


class Residual(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.up = nn.Linear(dim, 2 * dim)
        self.down = nn.Linear(2 * dim, dim)

    def forward(self, x):
        return x + self.down(F.gelu(self.up(self.norm(x))))


def main():
    data = mnist()
    x = (data.train_images[:4000].flatten(1).float() / 255 - 0.1307) / 0.3081
    y = data.train_labels[:4000].long()
    x_test = (data.test_images[:1000].flatten(1).float() / 255 - 0.1307) / 0.3081
    y_test = data.test_labels[:1000].long()
    model = nn.Sequential(nn.Linear(784, 64), Residual(64), Residual(64), nn.LayerNorm(64), nn.Linear(64, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
    for epoch in range(args.epochs):
        for rows in torch.randperm(len(x)).split(100):
            with torch.autocast("cpu", dtype=torch.bfloat16):
                loss = F.cross_entropy(model(x[rows]), y[rows])
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_value_(model.parameters(), args.clip_value)
            optimizer.step()
        print(f"epoch {epoch} loss {loss.item():.4f}")
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        out = model(x_test)
    finish(model, out, accuracy=(out.argmax(1) == y_test).float().mean())


main()
