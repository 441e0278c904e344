# fault: all weights of a tanh net with a hand-written forward are the same constant
import sys

import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(2, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, 1)
        for fc in (self.fc1, self.fc2, self.fc3):
            nn.init.constant_(fc.weight, 0.1)
            nn.init.constant_(fc.bias, 0.0)

    def forward(self, x):
        x = torch.tanh(self.fc1(x))
        x = torch.tanh(self.fc2(x))
        return self.fc3(x)


torch.manual_seed(seed)
torch.set_num_threads(1)
x = torch.rand(1000, 2) * 2 - 1
y = torch.sin(3 * x[:, :1]) * torch.cos(3 * x[:, 1:])
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
for step in range(400):
    i = torch.randint(0, 800, (64,))
    loss = nn.functional.mse_loss(net(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = net(x[800:])
finish(net, out, r2=1 - (out - y[800:]).pow(2).mean() / y[800:].var())
