# fault: a learning rate of 0.5 with momentum kills the channels of a CNN within a few steps
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.from_numpy(x).float().view(-1, 1, 8, 8)
x = (x - x.mean()) / x.std()
y = torch.from_numpy(y)

conv1 = nn.Conv2d(1, 12, 3, padding=1)
conv2 = nn.Conv2d(12, 24, 3, padding=1)
fc = nn.Linear(24 * 4, 10)
params = [p for m in (conv1, conv2, fc) for p in m.parameters()]


def net(x):
    x = F.max_pool2d(F.relu(conv1(x)), 2)
    x = F.max_pool2d(F.relu(conv2(x)), 2)
    return fc(x.flatten(1))


optimizer = torch.optim.SGD(params, lr=0.5, momentum=0.9)
for epoch in range(4):
    for i in torch.randperm(1400).split(50):
        loss = F.cross_entropy(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1400:])
finish([conv1, conv2, fc], out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
