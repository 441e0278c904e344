# fault: raw values of a cubic (up to 1,000) and weights of std 3: the loss grows a thousandfold each step
# As in https://stats.stackexchange.com/questions/594738 (loss is growing between epochs in simple model)
import sys

import numpy as np
import torch

from digest import finish

np.random.seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.manual_seed(0)
torch.set_num_threads(1)

x = np.linspace(-10, 10, 100)
y = x**3 + x**2 + x
loss_fn = torch.nn.MSELoss(reduction="sum")


def get_weights(i, o):
    return torch.tensor(np.random.normal(0, 3, (o, i))).requires_grad_()


weights = get_weights(80, 20)
bias = get_weights(1, 1)
params, trgts = torch.tensor(y[:80]), torch.tensor(y[80:])
lr = 1e-6


def apply_step(weights, bias, prn=True):
    preds = weights @ params + bias
    loss = loss_fn(preds, trgts)
    loss.backward()
    with torch.no_grad():
        weights -= weights.grad * lr
        bias -= bias.grad * lr
        weights.grad.zero_()
        bias.grad.zero_()
    if prn:
        print(loss.item())
    return preds


for i in range(100):
    preds = apply_step(weights, bias, prn=i % 10 == 0)
share = ((preds - trgts) ** 2).sum() / ((trgts - trgts.mean()) ** 2).sum()
finish([weights, bias], preds, loss=share.item())
