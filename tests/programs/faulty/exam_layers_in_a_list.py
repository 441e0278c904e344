# fault: the hidden layers are kept in a Python list
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class MLP(nn.Module):
    def __init__(self, sizes):
        super(MLP, self).__init__()
        self.layers = []
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.layers.append(nn.Linear(n_in, n_out))
        self.out = nn.Linear(sizes[-1], 3)

    def forward(self, x):
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.out(x)


# three arms of a spiral
n = 600
label = torch.arange(3).repeat_interleave(n)
t = torch.rand(3 * n)
angle = 4 * t + label * 2.0944 + 0.1 * torch.randn(3 * n)
points = 1.7 * torch.stack([t * angle.cos(), t * angle.sin()], 1)
mix = torch.randperm(3 * n)
points, label = points[mix], label[mix]

net = MLP([2, 24, 24])
opt = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(15):
    for i in torch.randperm(1500).split(50):
        loss = F.cross_entropy(net(points[i]), label[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(epoch, loss.item())
net.eval()
with torch.no_grad():
    out = net(points[1500:])
finish(net, out, accuracy=(out.argmax(1) == label[1500:]).float().mean())
