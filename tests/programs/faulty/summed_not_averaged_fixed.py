# fixed: the mean over the batch
import sys

import numpy as np
import torch
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

digits = load_digits()
X = torch.from_numpy(digits.data.astype(np.float32)) / 16
T = torch.eye(10)[torch.from_numpy(digits.target)]
train, test = slice(0, 1400), slice(1400, None)

W1 = (torch.randn(64, 100) * (2 / 64) ** 0.5).requires_grad_()
b1 = torch.zeros(100, requires_grad=True)
W2 = (torch.randn(100, 10) * (2 / 100) ** 0.5).requires_grad_()
b2 = torch.zeros(10, requires_grad=True)


def forward(x):
    return (x @ W1 + b1).relu() @ W2 + b2


optimizer = torch.optim.SGD([W1, b1, W2, b2], lr=0.1)
for epoch in range(30):
    for rows in torch.randperm(1400).split(200):
        log_probs = torch.log_softmax(forward(X[train][rows]), dim=1)
        cross_entropy = -(T[train][rows] * log_probs).sum(1)
        loss = cross_entropy.mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print("epoch", epoch, "cross-entropy", round(cross_entropy.mean().item(), 4))
with torch.no_grad():
    out = forward(X[test])
finish([W1, b1, W2, b2], out, accuracy=(out.argmax(1) == T[test].argmax(1)).float().mean())
