import gzip
import sys
from pathlib import Path

import numpy as np
import torch
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
DATA = Path(__file__).resolve().parents[3] / "src/headstart/train/data"


class conv_layer(nn.Module):
    def __init__(self, size_in, size_out):
        super().__init__()
        self.w = nn.Conv2d(size_in, size_out, 5, padding=2)
        nn.init.kaiming_normal_(self.w.weight, nonlinearity="relu")
        nn.init.zeros_(self.w.bias)

    def forward(self, x):
        return torch.max_pool2d(torch.relu(self.w(x)), 2)


class fc_layer(nn.Module):
    def __init__(self, size_in, size_out, act=True):
        super().__init__()
        self.w = nn.Linear(size_in, size_out)
        nn.init.kaiming_normal_(self.w.weight, nonlinearity="relu")
        nn.init.zeros_(self.w.bias)
        self.act = act

    def forward(self, x):
        x = self.w(x)
        return torch.relu(x) if self.act else x


class mnist_model(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = conv_layer(1, 8)
        self.conv2 = conv_layer(8, 16)
        self.fc1 = fc_layer(7 * 7 * 16, 64)
        self.fc2 = fc_layer(64, 10)

    def forward(self, x):
        flattened = self.conv2(self.conv1(x)).flatten(1)
        return self.fc2(self.fc1(flattened))


def read(kind, n):
    with gzip.open(DATA / f"{kind}-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(DATA / f"{kind}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = torch.tensor(images.reshape(n, 1, 28, 28), dtype=torch.float32)
    return (x / 255 - 0.1307) / 0.3081, torch.tensor(labels, dtype=torch.long)


x, y = read("train", 3000)
x_test, y_test = read("t10k", 1000)
model = mnist_model()
xent = nn.CrossEntropyLoss()
train_step = torch.optim.Adam(model.parameters(), lr=1e-3)

for epoch in range(4):
    for rows in torch.randperm(len(x)).split(50):
        logits = model(x[rows])
        loss = xent(logits, y[rows])
        train_step.zero_grad()
        loss.backward()
        train_step.step()
    print("epoch", epoch, "xent", loss.item(), "accuracy", (logits.argmax(1) == y[rows]).float().mean().item())

model.eval()
with torch.no_grad():
    print("final accuracy", (model(x_test).argmax(1) == y_test).float().mean().item())
