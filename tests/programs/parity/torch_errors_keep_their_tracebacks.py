import inspect
import sys
import traceback

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(12, 2))

    def forward(self, x):
        return self.body(x)


class Refuses(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x.clone()

    @staticmethod
    def backward(ctx, gradient):
        raise RuntimeError("this backward refuses")


class Counts(nn.Module):
    def forward(self, x):
        print("frames:", [frame.function for frame in inspect.stack()])
        return x


def shown(function):
    try:
        function()
    except Exception:
        traceback.print_exc()


def step_of(optimizer, weight):
    def closure():
        raise ValueError("no loss today")

    optimizer.step(closure)


model, weight = Net(), nn.Parameter(torch.ones(3))
nn.Sequential(Counts())(weight)
shown(lambda: model(torch.ones(4, 8)))
shown(lambda: (weight * 2).backward())
shown(lambda: nn.functional.cross_entropy(torch.ones(4, 2), torch.tensor([0, 1, 2, 0])))
shown(lambda: Refuses.apply(weight).sum().backward())
for kind in (torch.optim.SGD, torch.optim.Adam, torch.optim.LBFGS):
    shown(lambda: step_of(kind([weight], lr=0.1), weight))
print("the last is not caught", file=sys.stderr)
model(torch.ones(4, 8))
