"""Ten fully-connected tanh layers on digits, written with plain tensors."""

import sys

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits

np_rng = np.random.RandomState(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
data = load_digits()
order = np_rng.permutation(len(data.target))
X = (data.data[order] - data.data.mean()) / data.data.std()
X, Y = torch.tensor(X, dtype=torch.float32), torch.tensor(data.target[order])
X_train, Y_train, X_test, Y_test = X[:1400], Y[:1400], X[1400:], Y[1400:]

hidden_layer_sizes = [100] * 9
dims = [64, *hidden_layer_sizes, 10]
Ws, bs = [], []
for fan_in, fan_out in zip(dims[:-1], dims[1:], strict=True):
    W = np_rng.randn(fan_in, fan_out) * 0.01
    Ws.append(torch.tensor(W, dtype=torch.float32, requires_grad=True))
    bs.append(torch.zeros(fan_out, requires_grad=True))


def scores(x):
    h = x
    for W, b in zip(Ws[:-1], bs[:-1], strict=True):
        h = torch.tanh(h @ W + b)
    return h @ Ws[-1] + bs[-1]


learning_rate, momentum = 0.02, 0.9
velocity = [torch.zeros_like(p) for p in Ws + bs]
for it in range(400):
    rows = np_rng.choice(1400, 64, replace=False)
    loss = F.cross_entropy(scores(X_train[rows]), Y_train[rows])
    grads = torch.autograd.grad(loss, Ws + bs)
    with torch.no_grad():
        for p, g, v in zip(Ws + bs, grads, velocity, strict=True):
            v.mul_(momentum).add_(g)
            p -= learning_rate * v
    if it % 80 == 0:
        print("iteration %d: loss %.4f" % (it, loss.item()))

with torch.no_grad():
    accuracy = (scores(X_test).argmax(1) == Y_test).float().mean().item()
print("final accuracy %.4f" % accuracy)
