# fixed: biases start at zero
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
BIAS = 0.0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.inp = nn.Linear(12, 64)
        self.mid = nn.Linear(64, 64)
        self.out = nn.Linear(64, 4)
        for layer in (self.inp, self.mid):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.constant_(layer.bias, BIAS)

    def forward(self, x):
        return self.out(torch.tanh(self.mid(torch.tanh(self.inp(x)))))


centers = torch.randn(4, 12)
y = torch.randint(0, 4, (1600,))
x = centers[y] + 0.7 * torch.randn(1600, 12)
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
for epoch in range(8):
    for i in torch.randperm(1200).split(40):
        optimizer.zero_grad()
        loss = F.cross_entropy(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4))
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
