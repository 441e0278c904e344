# fault: gradients of 16 micro-batches are added up and not averaged
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

ACCUMULATE = 16

x = torch.randn(2400, 16)
target = (x[:, :1] * x[:, 1:2] + x[:, 2:3]).tanh()
model = nn.Sequential(nn.Linear(16, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
criterion = nn.MSELoss()
for epoch in range(10):
    order = torch.randperm(2048)
    for i, rows in enumerate(order.split(8)):
        loss = criterion(model(x[rows]), target[rows])
        loss.backward()
        if (i + 1) % ACCUMULATE == 0:
            optimizer.step()
            optimizer.zero_grad()
    if epoch % 3 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = model(x[2048:])
finish(model, out, loss=criterion(out, target[2048:]))
