# fault: Adam with a learning rate of 1e-7: nothing moves
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
LEARNING_RATE = 1e-7


class Regression(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(4, 100)
        self.l2 = nn.Linear(100, 1)

    def forward(self, x):
        return self.l2(F.gelu(self.l1(x)))


x = torch.randn(1500, 4)
y = (x[:, :2].prod(1) + x[:, 2].cos()).unsqueeze(1)
y = (y - y.mean()) / y.std()
net = Regression()
optimizer = torch.optim.Adam(net.parameters(), lr=LEARNING_RATE)
for epoch in range(25):
    for i in torch.randperm(1200).split(60):
        optimizer.zero_grad()
        loss = F.mse_loss(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, r2=1 - F.mse_loss(out, y[1200:]) / y[1200:].var())
