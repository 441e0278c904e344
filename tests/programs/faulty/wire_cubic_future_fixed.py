import sys

import numpy as np
import torch

np.random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

x = np.linspace(-10, 10, 100)
y = x**3 + x**2 + x
loss_fn = torch.nn.MSELoss(reduction="sum")


def get_trgts(i):
    return torch.tensor(y[i:])


def get_weights(i, o):
    return torch.tensor(np.random.normal(0, 3, (o, i))).requires_grad_()


def get_params(i):
    return torch.tensor(y[:i])


weights = get_weights(80, 20)
bias = get_weights(1, 1)
trgts = get_trgts(80)
params = get_params(80)

lr = 1e-8


def apply_step(weights, bias, prn=True):
    preds = weights @ params + bias.squeeze()
    loss = loss_fn(preds, trgts)
    loss.backward()
    with torch.no_grad():
        weights -= weights.grad * lr
        bias -= bias.grad * lr
        weights.grad.zero_()
        bias.grad.zero_()
    if prn:
        print(loss.item())
    return loss.item()


for i in range(40):
    last = apply_step(weights, bias, prn=i % 4 == 0)
print("final loss", last)
