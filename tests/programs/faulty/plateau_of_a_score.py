# fault: ReduceLROnPlateau(mode="max") is given the loss: as long as the loss falls, it sees no improvement
"""After threads of the kind "learning rate goes to zero although the loss is still decreasing": the scheduler was copied
from a script that watched accuracy."""

import argparse
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.lr_scheduler import ReduceLROnPlateau

from digest import finish
from headstart.train.mnist import mnist

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--lr", type=float, default=0.01)
parser.add_argument("--epochs", type=int, default=16)
parser.add_argument("--batch-size", type=int, default=100)
args = parser.parse_args(sys.argv[1:])
torch.manual_seed(args.seed)
torch.set_num_threads(1)

d = mnist()
to_float = lambda images: (images.flatten(1).float() / 255 - 0.1307) / 0.3081  # noqa: E731
x_train, y_train = to_float(d.train_images[:3000]), d.train_labels[:3000].long()
x_val, y_val = to_float(d.test_images[:1000]), d.test_labels[:1000].long()

model = nn.Sequential(nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10))
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr)
scheduler = ReduceLROnPlateau(optimizer, mode="max", factor=0.1, patience=1)


def train():
    model.train()
    for i in torch.randperm(len(x_train)).split(args.batch_size):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x_train[i]), y_train[i])
        loss.backward()
        optimizer.step()


def validate():
    model.eval()
    with torch.no_grad():
        out = model(x_val)
        return F.cross_entropy(out, y_val).item(), out


for epoch in range(args.epochs):
    train()
    val_loss, out = validate()
    scheduler.step(val_loss)
    print(f"epoch {epoch}: val_loss {val_loss:.4f}, lr {optimizer.param_groups[0]['lr']:.0e}")
finish(model, out, loss=val_loss)
