# fault: SGD with momentum is made anew for every batch, so that there is no momentum
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def train_batch(model, rate, x, y):
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, momentum=0.95)
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    return loss.item()


x = torch.randn(700, 10) * torch.logspace(0, -1.5, 10)
y = torch.sin(3 * x[:, :1]) + 4 * x[:, 4:5] * x[:, 1:2] + 3 * x[:, 5:6]
model = nn.Sequential(nn.Linear(10, 32), nn.Tanh(), nn.Linear(32, 1))
for step in range(400):
    rows = torch.arange(step * 50, step * 50 + 50) % 500
    loss = train_batch(model, 3e-3, x[rows], y[rows])
    if step % 100 == 0:
        print(step, round(loss, 4))
with torch.no_grad():
    out = model(x[500:])
finish(model, out, loss=nn.functional.mse_loss(out, y[500:]))
