# fault: the first steps of SGD at a rate of 1 throw every ReLU of a regression net below zero for good
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(6, 80)
        self.b = nn.Linear(80, 80)
        self.c = nn.Linear(80, 1)

    def forward(self, x):
        return self.c(F.relu(self.b(F.relu(self.a(x)))))


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x = torch.rand(1200, 6)
y = 3 + 2 * torch.sin(5 * x[:, :1]) + x[:, 1:2] * 2
net = Net()
sgd = torch.optim.SGD(net.parameters(), lr=1.0)
for epoch in range(25):
    for i in torch.randperm(1000).split(50):
        loss = F.mse_loss(net(x[i]), y[i])
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1000:])
finish(net, out, r2=1 - F.mse_loss(out, y[1000:]) / y[1000:].var())
