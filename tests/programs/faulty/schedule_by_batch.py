# fault: a schedule for epochs is stepped at every batch
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

from torch.optim.lr_scheduler import ExponentialLR
from torch.utils.data import DataLoader, TensorDataset


def spirals(n):
    t = torch.rand(n).sqrt() * 6
    which = torch.randint(0, 2, (n,))
    points = torch.stack([t * (t + torch.pi * which).cos(), t * (t + torch.pi * which).sin()], 1) / 3
    return points + 0.03 * torch.randn(n, 2), which


train, test = TensorDataset(*spirals(1000)), spirals(300)
net = nn.Sequential(nn.Linear(2, 48), nn.Tanh(), nn.Linear(48, 48), nn.Tanh(), nn.Linear(48, 2))
opt = torch.optim.Adam(net.parameters(), lr=0.01)
schedule = ExponentialLR(opt, gamma=0.9)
for epoch in range(40):
    for points, which in DataLoader(train, batch_size=50, shuffle=True):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(points), which)
        loss.backward()
        opt.step()
        schedule.step()
    if epoch % 10 == 0:
        print(epoch, round(loss.item(), 4), schedule.get_last_lr()[0])
with torch.no_grad():
    out = net(test[0])
finish(net, out, accuracy=(out.argmax(1) == test[1]).float().mean())
