# Reptile: a few SGD steps on each sine task from the same start, then the start moves towards the end; weights are loaded and restored. Learns: adapted loss 0.15
from copy import deepcopy

import numpy as np
import torch
from torch import nn

from digest import finish

seed, inner_lr, inner_epochs, outer_lr, iterations = 0, 0.02, 2, 0.3, 250
rng = np.random.RandomState(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)
x_all = np.linspace(-3, 3, 40)[:, None].astype("float32")


def gen_task():
    phase, amp = rng.uniform(0, 0.6 * np.pi), rng.uniform(0.8, 2.0)
    return lambda x: (amp * np.sin(x + phase)).astype("float32")


model = nn.Sequential(nn.Linear(1, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 1))


def train_on_batch(x, y):
    model.zero_grad()
    loss = (model(torch.from_numpy(x)) - torch.from_numpy(y)).pow(2).mean()
    loss.backward()
    for p in model.parameters():
        p.data -= inner_lr * p.grad.data
    return loss.item()


def test():
    saved, losses = deepcopy(model.state_dict()), []
    for _ in range(8):
        f = gen_task()
        some = x_all[rng.permutation(40)[:10]]
        for _ in range(8):
            train_on_batch(some, f(some))
        with torch.no_grad():
            out = model(torch.from_numpy(x_all))
        losses.append(float((out - torch.from_numpy(f(x_all))).pow(2).mean()))
        model.load_state_dict(saved)
    return np.mean(losses), out


for iteration in range(iterations):
    before = deepcopy(model.state_dict())
    f = gen_task()
    order = rng.permutation(40)
    for _ in range(inner_epochs):
        for start in range(0, 40, 10):
            i = order[start : start + 10]
            train_on_batch(x_all[i], f(x_all[i]))
    after = model.state_dict()
    rate = outer_lr * (1 - iteration / iterations)
    model.load_state_dict({k: before[k] + (after[k] - before[k]) * rate for k in before})
    if iteration % 100 == 0:
        print(iteration, round(float(test()[0]), 4))
loss, out = test()
finish(model, out, adapted_loss=float(loss))
