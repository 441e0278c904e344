# fixed: those of the net in training are zeroed
import copy
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

t = torch.linspace(0, 60, 1200)
series = torch.sin(t) + 0.5 * torch.sin(2.7 * t) + 0.1 * torch.randn(1200)
windows = series.unfold(0, 25, 1)
x, y = windows[:, :24], windows[:, 24:]
x_train, y_train, x_val, y_val = x[:900], y[:900], x[900:], y[900:]

net = nn.Sequential(nn.Linear(24, 48), nn.ReLU(), nn.Linear(48, 1))
best_net, best_loss = copy.deepcopy(net), float("inf")
optimizer = torch.optim.SGD(net.parameters(), lr=0.02)
for epoch in range(12):
    net.train()
    for rows in torch.randperm(900).split(30):
        loss = nn.functional.mse_loss(net(x_train[rows]), y_train[rows])
        net.zero_grad()
        loss.backward()
        optimizer.step()
    net.eval()
    with torch.no_grad():
        val_loss = nn.functional.mse_loss(net(x_val), y_val).item()
    print(f"epoch {epoch} validation {val_loss:.4f}")
    if val_loss < best_loss:
        best_net, best_loss = copy.deepcopy(net), val_loss
with torch.no_grad():
    out = net(x_val)
finish(net, out, loss=val_loss)
