# fault: a net without state (torch.func) ends in a softmax in front of cross_entropy
import sys

import torch
from torch import nn
from torch.func import functional_call, grad_and_value

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def spirals(n, arms=10):
    arm = torch.randint(0, arms, (n,))
    radius = torch.rand(n) * 0.9 + 0.1
    angle = 2 * torch.pi * (arm / arms + 0.6 * radius) + 0.05 * torch.randn(n)
    return 2 * torch.stack([radius * angle.cos(), radius * angle.sin()], dim=1), arm


net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 10), nn.Softmax(dim=-1))
params = {name: p.detach().clone() for name, p in net.named_parameters()}
velocity = {name: torch.zeros_like(p) for name, p in params.items()}


def loss_fn(params, x, y):
    return nn.functional.cross_entropy(functional_call(net, params, (x,)), y)


@torch.no_grad()
def update(params, grads, lr=0.05, mu=0.9):
    for name, grad in grads.items():
        velocity[name].mul_(mu).add_(grad)
        params[name].sub_(lr * velocity[name])


x_train, y_train = spirals(2000)
x_test, y_test = spirals(500)
step = grad_and_value(loss_fn)
for epoch in range(20):
    total = 0.0
    for idx in torch.randperm(2000).chunk(25):
        grads, loss = step(params, x_train[idx], y_train[idx])
        update(params, grads)
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {total / 25:.3f}")
with torch.no_grad():
    scores = functional_call(net, params, (x_test,))
finish(list(params.values()), scores, accuracy=(scores.argmax(1) == y_test).float().mean())
