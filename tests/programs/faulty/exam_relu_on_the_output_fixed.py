# the same, repaired: a regression net for standardised targets ends in a ReLU
import sys

import torch
import torch.nn.functional as F
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(6, 50)
        self.fc2 = nn.Linear(50, 20)
        self.fc3 = nn.Linear(20, 1)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = self.fc3(x)
        return x


X = torch.randn(2000, 6)
Y = (X[:, :1] * X[:, 1:2] + torch.sin(2 * X[:, 2:3]) + 0.5 * X[:, 3:4]) / 1.4
net = Net()
optimizer = optim.Adam(net.parameters(), lr=0.005)
loss_function = nn.MSELoss()
for epoch in range(12):
    for i in torch.randperm(1600).split(50):
        net.zero_grad()
        output = net(X[i])
        loss = loss_function(output, Y[i])
        loss.backward()
        optimizer.step()
    print(loss.item())
with torch.no_grad():
    out = net(X[1600:])
finish(net, out, r2=1 - ((out - Y[1600:]) ** 2).mean() / Y[1600:].var())
