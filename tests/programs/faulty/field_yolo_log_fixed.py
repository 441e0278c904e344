# Paddle-DIOU-YOLOv3#1: a YOLO head over digits in a picture. Fixed as there: a small constant in each log().
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
GRID, CELL, CLASSES = 4, 8, 10


def scenes(n, seed):
    """Pictures of 32x32 with up to four digits, each somewhere in a cell; targets (4, 4, 1 + 4 + 10)."""
    rng = np.random.default_rng(seed)
    digits = load_digits()
    pictures = 8 * rng.random((n, 40, 40))
    targets = np.zeros((n, GRID, GRID, 5 + CLASSES))
    for i in range(n):
        for cell in rng.choice(GRID * GRID, rng.integers(1, 5), replace=False):
            row, col = divmod(cell, GRID)
            dy, dx = rng.integers(0, 8, 2)
            which = rng.integers(len(digits.images))
            pictures[i, row * 8 + dy : row * 8 + dy + 8, col * 8 + dx : col * 8 + dx + 8] += 14 * digits.images[which]
            targets[i, row, col, :5] = 1, dx / 8, dy / 8, 1, 1
            targets[i, row, col, 5 + digits.target[which]] = 1
    return torch.tensor(pictures, dtype=torch.float32)[:, None], torch.tensor(targets, dtype=torch.float32)


class Conv2dUnit(nn.Module):
    def __init__(self, inp, filters, stride=1):
        super().__init__()
        self.conv = nn.Conv2d(inp, filters, 3, stride, 1)
        self.act = nn.LeakyReLU(0.1)

    def forward(self, x):
        return self.act(self.conv(x))


class YOLOv3(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            Conv2dUnit(1, 16, 2), Conv2dUnit(16, 32, 2), Conv2dUnit(32, 64, 2), Conv2dUnit(64, 64)
        )
        self.head = nn.Conv2d(64, 5 + CLASSES, 2)

    def forward(self, x):
        return self.head(self.body(x)).permute(0, 2, 3, 1)


def yolo_loss(conv, label):
    conf, prob = torch.sigmoid(conv[..., 0]), torch.sigmoid(conv[..., 5:])
    xywh = torch.sigmoid(conv[..., 1:5])
    respond = label[..., 0]
    pos_loss = respond * (0 - torch.log(conf + 1e-7))
    neg_loss = (1 - respond) * (0 - torch.log(1 - conf + 1e-7))
    conf_loss = pos_loss + neg_loss
    prob_loss = respond[..., None] * (
        label[..., 5:] * (0 - torch.log(prob + 1e-7)) + (1 - label[..., 5:]) * (0 - torch.log(1 - prob + 1e-7))
    )
    box_loss = respond[..., None] * (xywh - label[..., 1:5]) ** 2
    return conf_loss.sum((1, 2)).mean() + prob_loss.sum((1, 2, 3)).mean() + box_loss.sum((1, 2, 3)).mean()


x, label = scenes(640, seed=1)
x_val, label_val = scenes(100, seed=2)
model = YOLOv3()
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
for epoch in range(6):
    for batch in torch.randperm(len(x)).split(16):
        loss = yolo_loss(model(x[batch]), label[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", loss.item())

with torch.no_grad():
    conv = model(x_val)
inside = label_val[..., 0] == 1
right = conv.nan_to_num(-9)[inside][:, 5:].argmax(1) == label_val[inside][:, 5:].argmax(1)
finish(model, conv, accuracy=right.float().mean())
