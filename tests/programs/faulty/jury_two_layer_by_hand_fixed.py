# a two-layer net by hand, for the assignment (no nn.Module, no optimizer)
import sys

import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float)
y = torch.tensor(y)
perm = torch.randperm(len(X))
tr, te = perm[:1400], perm[1400:]

D_in, H, D_out = 64, 50, 10
lr = 0.3
w1 = (torch.randn(D_in, H) / D_in**0.5).requires_grad_()
b1 = torch.zeros(H, requires_grad=True)
w2 = (torch.randn(H, D_out) / H**0.5).requires_grad_()
b2 = torch.zeros(D_out, requires_grad=True)


def log_softmax(x):
    return x - x.exp().sum(-1).log().unsqueeze(-1)


def forward(x):
    h = torch.tanh(x @ w1 + b1)
    return log_softmax(h @ w2 + b2)


def nll(pred, target):
    return -pred[range(target.shape[0]), target].mean()


for epoch in range(30):
    order = tr[torch.randperm(len(tr))]
    for start in range(0, len(order), 64):
        idx = order[start : start + 64]
        loss = nll(forward(X[idx]), y[idx])
        loss.backward()
        with torch.no_grad():
            for p in (w1, b1, w2, b2):
                p -= lr * p.grad
                p.grad.zero_()
    if epoch % 10 == 0:
        print(epoch, float(loss))

with torch.no_grad():
    out = forward(X[te])
acc = (out.argmax(1) == y[te]).float().mean()
finish([w1, b1, w2, b2], out, accuracy=acc)
