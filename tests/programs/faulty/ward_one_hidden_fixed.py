# one hidden layer MLP, everything by hand
import gzip
import math
import sys
from pathlib import Path

import numpy as np
import torch

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def mnist(kind, n):
    folder = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"
    with gzip.open(folder / f"{kind}-images-idx3-ubyte.gz") as f:
        images = np.frombuffer(f.read(16 + n * 784), np.uint8, offset=16)
    with gzip.open(folder / f"{kind}-labels-idx1-ubyte.gz") as f:
        labels = np.frombuffer(f.read(8 + n), np.uint8, offset=8)
    x = (images.reshape(n, 784).astype(np.float32) / 255 - 0.1307) / 0.3081
    return torch.from_numpy(x), torch.from_numpy(np.eye(10, dtype=np.float32)[labels])


x_train, y_train = mnist("train", 6000)
x_test, y_test = mnist("t10k", 1000)

W_h1 = (torch.randn(784, 128) / math.sqrt(784)).requires_grad_()
b_h1 = torch.zeros(128, requires_grad=True)
W_out = (torch.randn(128, 10) / math.sqrt(128)).requires_grad_()
b_out = torch.zeros(10, requires_grad=True)
parameters = [W_h1, b_h1, W_out, b_out]
learning_rate = 0.1


def model(x):
    h1 = torch.sigmoid(x @ W_h1 + b_h1)
    y_ = torch.sigmoid(h1 @ W_out + b_out)
    return y_


for epoch in range(12):
    order = torch.randperm(len(x_train))
    for start in range(0, len(order), 100):
        rows = order[start : start + 100]
        x, y = x_train[rows], y_train[rows]
        y_ = model(x)
        cross_entropy = torch.sum(-y * torch.log(y_) - (1 - y) * torch.log(1 - y_), 1)
        loss = torch.mean(cross_entropy)
        for p in parameters:
            p.grad = None
        loss.backward()
        with torch.no_grad():
            for p in parameters:
                p -= learning_rate * p.grad
    right = (y_.argmax(1) == y.argmax(1)).float().mean()
    print("epoch {0}, training accuracy {1:.2f}, loss {2:.4f}".format(epoch, right.item(), loss.item()))

with torch.no_grad():
    accuracy = (model(x_test).argmax(1) == y_test.argmax(1)).float().mean().item()
print("final accuracy", accuracy)
