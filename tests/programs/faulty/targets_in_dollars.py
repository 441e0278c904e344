# fault: incomes in dollars as targets of a squared error: the first gradients are in the hundred thousands
import sys

import torch
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1000, 5)
dollars = 60_000 + 20_000 * (torch.tanh(x[:, 0] + x[:, 1]) + 0.3 * x[:, 2]).unsqueeze(1)
target = dollars

model = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = optim.SGD(model.parameters(), lr=1e-2)
for epoch in range(30):
    for i in torch.randperm(800).split(40):
        optimizer.zero_grad()
        loss = nn.MSELoss()(model(x[i]), target[i])
        loss.backward()
        optimizer.step()
    if epoch % 6 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = model(x[800:])
finish(model, out, r2=1 - nn.MSELoss()(out, target[800:]) / target[800:].var())
