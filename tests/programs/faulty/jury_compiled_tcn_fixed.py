"""Forecast the next value of three mixed seasons with a temporal convolutional network, compiled."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--lr", type=float, default=0.02)
parser.add_argument("--gamma", type=float, default=0.9)
args = parser.parse_args()
torch.manual_seed(args.seed)

t = torch.arange(2400.0)
series = torch.sin(t / 3) + 0.7 * torch.sin(t / 7.3 + 1) + 0.5 * torch.sin(t / 17) + 0.1 * torch.randn(len(t))
series = (series - series[:2000].mean()) / series[:2000].std()
win = series.unfold(0, 33, 1)
X, Y = win[:, None, :32], win[:, 32:]
train_dl = DataLoader(TensorDataset(X[:1950], Y[:1950]), batch_size=32, shuffle=True)
x_test, y_test = X[2000:], Y[2000:]


class CausalConv(nn.Module):
    def __init__(self, a, b, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(a, b, 3, dilation=dilation)
        self.down = nn.Conv1d(a, b, 1) if a != b else nn.Identity()

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.pad, 0))) + self.down(x))


class TCN(nn.Module):
    def __init__(self, width=16):
        super().__init__()
        self.blocks = nn.Sequential(*[CausalConv(1 if i == 0 else width, width, 2**i) for i in range(4)])
        self.out = nn.Linear(width, 1)

    def forward(self, x):
        return self.out(self.blocks(x)[:, :, -1])


net = TCN()
model = torch.compile(net, backend="aot_eager")
optimizer = torch.optim.SGD(net.parameters(), lr=args.lr)
scheduler = torch.optim.lr_scheduler.ExponentialLR(optimizer, gamma=args.gamma)

for epoch in range(args.epochs):
    for x, y in train_dl:
        optimizer.zero_grad(set_to_none=True)
        loss = F.mse_loss(model(x), y)
        loss.backward()
        optimizer.step()
    scheduler.step()
    print(f"epoch {epoch} loss {loss.item():.4f} lr {scheduler.get_last_lr()[0]:.2e}")

net.eval()
with torch.no_grad():
    forecast = net(x_test)
finish(net, forecast, test_loss=F.mse_loss(forecast, y_test))
