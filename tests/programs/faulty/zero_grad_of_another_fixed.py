# fixed: it is called on the model that trains
import copy
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.tensor(x, dtype=torch.float32).view(-1, 1, 8, 8) / 8 - 0.6
y = torch.tensor(y)
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.Flatten(),
    nn.Linear(16 * 16, 48),
    nn.ReLU(),
    nn.Linear(48, 10),
)
ema_net = copy.deepcopy(net)
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for epoch in range(4):
    for i in torch.randperm(1400).split(50):
        net.zero_grad()
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            for e, p in zip(ema_net.parameters(), net.parameters()):
                e.mul_(0.9).add_(p, alpha=0.1)
    print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1400:])
finish([net, ema_net], out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
