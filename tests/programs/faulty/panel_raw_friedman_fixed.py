# Regression on Friedman's first problem, two layers written out with plain tensors.
import sys

import torch
from sklearn.datasets import make_friedman1

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

X, Y = make_friedman1(n_samples=800, n_features=6, noise=0.3, random_state=1)
X = torch.tensor(X, dtype=torch.float32)
Y = torch.tensor(Y, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
Y = (Y - Y.mean()) / Y.std()

W1 = torch.randn(6, 40) * (2 / 6) ** 0.5
b1 = torch.zeros(40)
W2 = torch.randn(40, 1) * (1 / 40) ** 0.5
b2 = torch.zeros(1)
params = [W1, b1, W2, b2]
for p in params:
    p.requires_grad_()


def predict(x):
    return (torch.relu(x @ W1 + b1) @ W2 + b2).squeeze(1)


def mse(pred, target):
    return ((pred - target) ** 2).mean()


lr = 0.05
for epoch in range(40):
    perm = torch.randperm(600)
    for i in range(0, 600, 40):
        rows = perm[i : i + 40]
        loss = mse(predict(X[rows]), Y[rows])
        loss.backward()
        with torch.no_grad():
            for p in params:
                p -= lr * p.grad
                p.grad.zero_()
    if epoch % 10 == 0:
        print("epoch", epoch, "mse", loss.item())

with torch.no_grad():
    out = predict(X[600:])
finish(params, out, loss=((out - Y[600:]) ** 2).mean())
