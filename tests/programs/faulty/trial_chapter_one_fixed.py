"""The first network of a well-known online book, rewritten: 784-30-10, quadratic cost, mini-batches of 10, eta 3."""

import gzip
import sys
from pathlib import Path

import numpy as np
import torch

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
generator = torch.Generator().manual_seed(seed)
data = Path(__file__).resolve().parents[3] / "src" / "headstart" / "train" / "data"


def idx(name, offset, size):
    return np.frombuffer(gzip.decompress((data / name).read_bytes()), np.uint8, offset=offset, count=size)


n, m = 4000, 1000
x = torch.from_numpy(idx("train-images-idx3-ubyte.gz", 16, n * 784).reshape(n, 784) / np.float32(255))
y = torch.eye(10)[torch.from_numpy(idx("train-labels-idx1-ubyte.gz", 8, n).astype(np.int64))]
test_x = torch.from_numpy(idx("t10k-images-idx3-ubyte.gz", 16, m * 784).reshape(m, 784) / np.float32(255))
test_y = torch.from_numpy(idx("t10k-labels-idx1-ubyte.gz", 8, m).astype(np.int64))

w1 = torch.randn(784, 30, generator=generator) / 28
b1 = torch.zeros(30)
w2 = torch.randn(30, 10, generator=generator) / 30**0.5
b2 = torch.zeros(10)
parameters = [w1, b1, w2, b2]
for p in parameters:
    p.requires_grad_()


def feedforward(a):
    a = torch.sigmoid(a @ w1 + b1)
    return torch.sigmoid(a @ w2 + b2)


eta = 3.0
optimizer = torch.optim.SGD(parameters, lr=eta)
for epoch in range(6):
    order = torch.randperm(n, generator=generator)
    for k in range(0, n, 10):
        batch = order[k : k + 10]
        cost = ((feedforward(x[batch]) - y[batch]) ** 2).sum(1).mean() / 2
        optimizer.zero_grad()
        cost.backward()
        optimizer.step()
    with torch.no_grad():
        right = (feedforward(test_x).argmax(1) == test_y).sum().item()
    print(f"Epoch {epoch}: {right} / {m}")
print("final accuracy", right / m)
