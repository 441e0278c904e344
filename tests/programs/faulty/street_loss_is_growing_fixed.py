import sys

import numpy as np
import torch

from digest import finish

np.random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.manual_seed(0)

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
trgts = get_trgts(80)
params = get_params(80)
bias = get_weights(1, 1)
lr = 1e-7


def apply_step(weights, bias, prn=True):
    preds = weights @ params + bias
    loss = loss_fn(preds.squeeze(), trgts)
    loss.backward()
    with torch.no_grad():
        weights -= weights.grad * lr
        bias -= bias.grad * lr
        weights.grad.zero_()
        bias.grad.zero_()
    if prn:
        print(loss.item())
    return preds


for i in range(10):
    preds = apply_step(weights, bias)

finish([weights, bias], preds, loss=loss_fn((weights @ params + bias).squeeze(), trgts))
