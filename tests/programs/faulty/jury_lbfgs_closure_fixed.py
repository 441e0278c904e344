# sine waves by LBFGS, like in pytorch/examples (but a feed-forward net)
import sys

import torch
import torch.nn as nn
import torch.optim as optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

x = torch.rand(300, 2) * 4 - 2
target = (torch.sin(2 * x[:, :1]) * torch.cos(x[:, 1:])) + 0.05 * torch.randn(300, 1)
x_test = torch.rand(300, 2) * 4 - 2
target_test = torch.sin(2 * x_test[:, :1]) * torch.cos(x_test[:, 1:])

seq = nn.Sequential(nn.Linear(2, 30), nn.Tanh(), nn.Linear(30, 30), nn.Tanh(), nn.Linear(30, 1))
criterion = nn.MSELoss()
optimizer = optim.LBFGS(seq.parameters(), lr=0.5)

for i in range(15):

    def closure():
        optimizer.zero_grad()
        out = seq(x)
        loss = criterion(out, target)
        loss.backward()
        return loss

    loss = optimizer.step(closure)
    if i % 5 == 0:
        print("STEP:", i, "loss:", loss.item())

with torch.no_grad():
    pred = seq(x_test)
    test_loss = criterion(pred, target_test)
finish(seq, pred, test_loss=test_loss)
