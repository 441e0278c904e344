# fault: the forward pass multiplies the output of every layer by 0.1, so that nothing is left behind the fifth
import sys

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
RESIDUAL_SCALE = 0.1


class Layer(nn.Module):
    def __init__(self, size_in, size_out):
        super().__init__()
        self.project = nn.Linear(size_in, size_out, bias=False)
        nn.init.kaiming_normal_(self.project.weight, nonlinearity="relu")

    def forward(self, x):
        return RESIDUAL_SCALE * F.relu(self.project(x))


class Net(nn.Module):
    def __init__(self, sizes=(10, 48, 48, 48, 48, 48), classes=4):
        super().__init__()
        self.layers = nn.Sequential(*[Layer(a, b) for a, b in zip(sizes, sizes[1:])])
        self.classify = nn.Linear(sizes[-1], classes)

    def forward(self, x):
        return self.classify(self.layers(x))


x = torch.randn(1500, 10)
y = 2 * (x[:, 0] + x[:, 1] > 0).long() + (x[:, 2] > 0).long()
net = Net()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(5):
    for batch in torch.randperm(1200).split(60):
        loss = F.cross_entropy(net(x[batch]), y[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"{epoch}: loss {loss.item():.4f}")
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
