"""Three interleaved spirals, a compiled MLP."""

import math
import sys

import torch
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


def spirals(n_per_arm, arms=3):
    xs, ys = [], []
    for arm in range(arms):
        t = torch.rand(n_per_arm) ** 0.5
        angle = 4.2 * t + arm * 2 * math.pi / arms + 0.12 * torch.randn(n_per_arm)
        xs.append(torch.stack([t * angle.cos(), t * angle.sin()], 1) * 2)
        ys.append(torch.full((n_per_arm,), arm))
    return torch.cat(xs), torch.cat(ys)


x_train, y_train = spirals(600)
x_val, y_val = spirals(200)


def init_weights(m):
    if isinstance(m, nn.Linear):
        w = torch.empty_like(m.weight)
        nn.init.orthogonal_(w, gain=math.sqrt(2))
        m.weight = nn.Parameter(w)


net = nn.Sequential(nn.Linear(2, 48), nn.ReLU(), nn.Linear(48, 48), nn.ReLU(), nn.Linear(48, 3))
optim = torch.optim.Adam(net.parameters(), lr=3e-3)
net.apply(init_weights)
compiled = torch.compile(net, backend="eager")
loss_fn = nn.CrossEntropyLoss()

for epoch in range(25):
    order = torch.randperm(len(x_train))
    running = 0.0
    for idx in order.split(75):
        optim.zero_grad()
        loss = loss_fn(compiled(x_train[idx]), y_train[idx])
        loss.backward()
        optim.step()
        running += loss.item() * len(idx)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1:2d} loss {running / len(x_train):.4f}")

net.eval()
with torch.no_grad():
    logits = net(x_val)
    acc = (logits.argmax(1) == y_val).float().mean()
print("validation accuracy", round(acc.item(), 3))
finish(net, logits, accuracy=acc)
