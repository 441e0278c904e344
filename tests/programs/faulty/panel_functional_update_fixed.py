"""Training in the functional style of torch.func: parameters are a dictionary, gradients come from grad_and_value."""

import sys

import torch
from sklearn.datasets import make_circles
from torch import nn
from torch.func import functional_call, grad_and_value

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x, y = make_circles(600, noise=0.06, factor=0.45, random_state=0)
x, y = torch.tensor(x, dtype=torch.float32) * 1.6, torch.tensor(y)

net = nn.Sequential(nn.Linear(2, 24), nn.Tanh(), nn.Linear(24, 24), nn.Tanh(), nn.Linear(24, 2))
params = {name: p.detach() for name, p in net.named_parameters()}


def compute_loss(params, xb, yb):
    return nn.functional.cross_entropy(functional_call(net, params, (xb,)), yb)


def sgd_update(params, grads, lr=0.3):
    return {name: p - lr * grads[name] for name, p in params.items()}


step = grad_and_value(compute_loss)
for epoch in range(30):
    for rows in torch.randperm(600).split(60):
        grads, loss = step(params, x[rows], y[rows])
        params = sgd_update(params, grads)
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}, loss {loss.item():.4f}")

scores = functional_call(net, params, (x,))
finish(list(params.values()), scores, accuracy=(scores.argmax(1) == y).float().mean())
