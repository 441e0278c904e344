"""Inflated 3D convolutions for short clips, ported from another framework."""

import sys

import torch
from torch import nn


class Unit3D(nn.Module):
    def __init__(self, c_in, c_out, kernel=3, stride=1, activation=True, use_bn=True, use_bias=False):
        super().__init__()
        self.conv3d = nn.Conv3d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=use_bias)
        self.batch3d = nn.BatchNorm3d(c_out) if use_bn else None
        self.activation = nn.ReLU() if activation else None

    def forward(self, inp):
        out = self.conv3d(inp)
        if self.batch3d is not None:
            out = self.batch3d(out)
        if self.activation is not None:
            out = self.activation(out)
        return out


class I3D(nn.Module):
    def __init__(self, num_classes, dropout_keep_prob=1):
        super().__init__()
        self.conv3d_1a = Unit3D(1, 8)
        self.conv3d_2b = Unit3D(8, 16, stride=2)
        self.mixed = Unit3D(16, 16)
        self.avg_pool = nn.AvgPool3d((1, 4, 4))
        self.dropout = nn.Dropout(dropout_keep_prob)
        self.conv3d_0c = Unit3D(16, num_classes, kernel=1, activation=False, use_bias=True, use_bn=False)

    def forward(self, inp):
        out = self.mixed(self.conv3d_2b(self.conv3d_1a(inp)))
        out = self.dropout(self.avg_pool(out))
        out = self.conv3d_0c(out)
        return out.mean((2, 3, 4))


def clips(n, frames=6, size=8):
    y = torch.randint(4, (n,))
    x = 0.3 * torch.randn(n, 1, frames, size, size)
    for i in range(n):
        k = int(y[i])
        row, col = torch.randint(size, (2,)).tolist()
        for t in range(frames):
            if k == 0:
                x[i, 0, t, (row + t) % size, col] += 2
            elif k == 1:
                x[i, 0, t, row, (col + t) % size] += 2
            elif k == 2:
                x[i, 0, t, row, col] += 2
            elif t % 2:
                x[i, 0, t, row, col] += 2.8
    return x, y


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
x, y = clips(480)
x_test, y_test = clips(200)
i3d = I3D(num_classes=4)
optimizer = torch.optim.Adam(i3d.parameters(), lr=5e-3)
criterion = nn.CrossEntropyLoss()

for epoch in range(7):
    i3d.train()
    total = 0
    for idx in torch.randperm(len(x)).split(24):
        optimizer.zero_grad()
        loss = criterion(i3d(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"[{epoch}] {total / len(x):.4f}")

i3d.eval()
with torch.no_grad():
    top1 = (i3d(x_test).argmax(1) == y_test).float().mean().item()
print("final accuracy", round(top1, 4))
