# fault: layers in a plain list are not in net.parameters(): four random layers stay in the midst of the net
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Stack(nn.Module):
    def __init__(self, depth=4, width=32):
        super().__init__()
        self.blocks = [nn.Linear(width, width) for _ in range(depth)]
        for block in self.blocks:
            nn.init.normal_(block.weight, std=2.0)

    def forward(self, x):
        for block in self.blocks:
            x = torch.tanh(block(x))
        return x


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(6, 32)
        self.stack = Stack()
        self.head = nn.Linear(32, 1)

    def forward(self, x):
        return self.head(self.stack(torch.tanh(self.stem(x)))).squeeze(1)


x = torch.randn(1500, 6)
y = torch.sin(2 * x[:, 0]) * x[:, 1] + 0.1 * torch.randn(1500)
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(12):
    for i in torch.randperm(1200).split(60):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4))
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, r2=1 - nn.functional.mse_loss(out, y[1200:]) / y[1200:].var())
