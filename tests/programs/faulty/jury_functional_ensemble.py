"""Five small regressors at once, by torch.func: vmap over stacked parameters, SGD by hand."""

import sys

import torch
from sklearn.datasets import make_friedman1
from torch import nn
from torch.func import functional_call, grad_and_value, stack_module_state, vmap

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

X, y = make_friedman1(n_samples=900, noise=0.5, random_state=seed)
X = torch.tensor(X, dtype=torch.float32) * 2 - 1
y = torch.tensor(y, dtype=torch.float32)
y = (y - y.mean()) / y.std()
x_train, y_train, x_test, y_test = X[:700], y[:700], X[700:], y[700:]

models = [nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1)) for _ in range(5)]
params, buffers = stack_module_state(models)
params = {k: v.detach() for k, v in params.items()}
base = models[0]
lr = 0.05


def loss_fn(params, buffers, x, y):
    pred = functional_call(base, (params, buffers), (x,))
    return ((pred.squeeze(-1) - y) ** 2).mean()


step = vmap(grad_and_value(loss_fn), in_dims=(0, 0, None, None))

for epoch in range(15):
    for idx in torch.randperm(len(x_train)).split(50):
        grads, losses = step(params, buffers, x_train[idx], y_train[idx])
        params = {k: p + lr * grads[k] for k, p in params.items()}
    if epoch % 5 == 0:
        print(f"epoch {epoch} losses {[round(v, 3) for v in losses.tolist()]}")

pred = vmap(lambda p, b: functional_call(base, (p, b), (x_test,)))(params, buffers).squeeze(-1).mean(0)
finish(list(params.values()), pred, test_loss=((pred - y_test) ** 2).mean())
