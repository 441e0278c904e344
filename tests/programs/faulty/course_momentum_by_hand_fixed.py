# Week 6: write your own optimizer (SGD with momentum) and compare it with torch.optim.SGD
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.optim.optimizer import Optimizer

from digest import finish


class MySGD(Optimizer):
    """v = mu * v + g;  p = p - lr * v"""

    def __init__(self, params, lr=0.01, momentum=0.9):
        defaults = dict(lr=lr, momentum=momentum)
        super(MySGD, self).__init__(params, defaults)

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(p)
                v = state["velocity"]
                v.mul_(group["momentum"]).add_(p.grad)
                p -= group["lr"] * v
        return loss


def get_data(seed):
    digits = load_digits()
    x = torch.tensor(digits.data / 16.0 - 0.3).float()
    y = torch.tensor(digits.target)
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    x, y = x[order], y[order]
    return x[:1400], y[:1400], x[1400:], y[1400:]


def train(model, optimizer, x, y, n_epochs=5, batch_size=50):
    history = []
    for epoch in range(n_epochs):
        perm = torch.randperm(x.size(0))
        for i in range(0, x.size(0), batch_size):
            idx = perm[i : i + batch_size]
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            history.append(loss.item())
        print("epoch", epoch, "mean loss", sum(history[-28:]) / 28)
    return history


def main():
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    torch.manual_seed(seed)
    x, y, x_test, y_test = get_data(seed)
    model = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    optimizer = MySGD(model.parameters(), lr=0.02, momentum=0.9)
    train(model, optimizer, x, y)
    with torch.no_grad():
        scores = model(x_test)
    accuracy = (scores.max(1)[1] == y_test).sum().item() / len(y_test)
    print("test accuracy: %.3f" % accuracy)
    finish(model, scores, accuracy=accuracy)


if __name__ == "__main__":
    main()
