"""Fits a damped oscillation with L-BFGS, as the PyTorch manual shows: step() takes a closure."""

import sys

import numpy as np
import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)

t = torch.linspace(0, 4, 200).unsqueeze(1)
signal = torch.exp(-0.5 * t) * torch.sin(4 * t) + 0.02 * torch.randn_like(t)


def make_closure(net, inputs, targets, criterion, log):
    def closure():
        loss = criterion(net(inputs), targets)
        loss.backward()
        log.append(float(loss.detach()))
        return loss

    return closure


net = torch.nn.Sequential(
    torch.nn.Linear(1, 20),
    torch.nn.Tanh(),
    torch.nn.Linear(20, 20),
    torch.nn.Tanh(),
    torch.nn.Linear(20, 1),
)
log = []
optimizer = torch.optim.LBFGS(net.parameters(), max_iter=10, history_size=10, line_search_fn="strong_wolfe")
closure = make_closure(net, (t - 2) / 1.16, signal, torch.nn.MSELoss(), log)
for outer in range(40):
    optimizer.step(closure)
    if outer % 10 == 9:
        print(f"{outer + 1}: mse {log[-1]:.6f} (min {np.min(log):.6f})")

with torch.no_grad():
    fit = net((t - 2) / 1.16)
finish(net, fit, loss=((fit - signal) ** 2).mean())
