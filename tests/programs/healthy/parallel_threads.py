# Three models train at the same time in threads, each with its own generator, loss and optimizer. Learns: MEASURED
import threading

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
results = {}


def make(act):
    return nn.Sequential(nn.Linear(4, 32), act(), nn.Linear(32, 32), act(), nn.Linear(32, 1))


def train(name, model, optimizer, seed):
    g = torch.Generator().manual_seed(seed)
    x = torch.randn(800, 4, generator=g)
    y = (x[:, :1] * x[:, 1:2] + x[:, 2:3]).tanh()
    for step in range(150):
        i = torch.randint(0, 600, (64,), generator=g)
        loss = nn.functional.mse_loss(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        out = model(x[600:])
    results[name] = out, (1 - nn.functional.mse_loss(out, y[600:]) / y[600:].var()).item()


models = {"relu": make(nn.ReLU), "gelu": make(nn.GELU), "tanh": make(nn.Tanh)}
threads = []
for seed, (name, model) in enumerate(models.items()):
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    threads.append(threading.Thread(target=train, args=(name, model, optimizer, seed), name=name))
for t in threads:
    t.start()
for t in threads:
    t.join()
for name in models:
    print(name, round(results[name][1], 5))
finish(list(models.values()), torch.cat([results[n][0] for n in models]), r2=min(r for _, r in results.values()))
