import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

digits = load_digits()
X = torch.tensor(digits.images, dtype=torch.float32)[:, None] / 8 - 1
Y = torch.tensor(digits.target % 2, dtype=torch.float32)[:, None]  # about half and half


def conv_block(i, o):
    return [nn.Conv2d(i, o, 3, padding=1), nn.ReLU(), nn.Conv2d(o, o, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]


cnn = nn.Sequential(
    *conv_block(1, 16),
    *conv_block(16, 32),
    nn.Flatten(),
    nn.Linear(32 * 2 * 2, 64),
    nn.ReLU(),
    nn.Linear(64, 1),
    nn.Sigmoid(),
)
sgd = torch.optim.SGD(cnn.parameters(), lr=0.5, momentum=0.9)
bce = nn.BCELoss()

for epoch in range(20):
    shuffled = torch.randperm(1500)
    hits = 0
    for batch in shuffled.split(128):
        p = cnn(X[batch])
        loss = bce(p, Y[batch])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
        hits += ((p > 0.5) == Y[batch]).sum().item()
    print(f"epoch {epoch}: loss {loss.item():.4f} acc {hits / 1500:.4f}")

cnn.eval()
with torch.no_grad():
    test = cnn(X[1500:])
finish(cnn, test, accuracy=((test > 0.5) == Y[1500:]).float().mean())
