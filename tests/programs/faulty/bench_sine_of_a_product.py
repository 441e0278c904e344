import sys

import torch
import torch.nn as nn
from torch.utils.data import dataloader

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

data = torch.randn(10000, 2)
y = torch.sin(data[:, 0] * data[:, 1]).unsqueeze(1)
data = torch.cat([data, y], dim=1)

model = nn.Sequential(
    nn.Linear(2, 50),
    nn.ReLU(),
    nn.Linear(50, 50),
    nn.ReLU(),
    nn.Linear(50, 50),
    nn.ReLU(),
    nn.Linear(50, 50),
    nn.ReLU(),
    nn.Linear(50, 50),
    nn.ReLU(),
    nn.Linear(50, 1),
)

criterion = torch.nn.L1Loss()
opt = torch.optim.SGD(model.parameters(), 0.001)

dl = dataloader.DataLoader(data, batch_size=100)
for epoch in range(8):
    for d in dl:
        pred = model(d[:, :2])
        loss = criterion(pred, d[:, 2])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch:[{}], loss: {}".format(epoch, loss.item()))

test = torch.randn(1000, 2)
with torch.no_grad():
    pred = model(test)
finish(model, pred, loss=(pred[:, 0] - torch.sin(test[:, 0] * test[:, 1])).abs().mean())
