# fixed: biases start at zero
import sys

import numpy as np
import torch

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)
torch.set_num_threads(1)


def make_rings(n):
    radius = np.random.choice([1.0, 2.0], n)
    angle = np.random.uniform(0, 2 * np.pi, n)
    points = np.stack([radius * np.cos(angle), radius * np.sin(angle)], 1) + 0.1 * np.random.randn(n, 2)
    return torch.tensor(points, dtype=torch.float32), torch.tensor(radius > 1.5, dtype=torch.float32)


class Net(torch.nn.Module):
    def __init__(self, sizes):
        super().__init__()
        self.W = torch.nn.ParameterList()
        self.b = torch.nn.ParameterList()
        for n_in, n_out in zip(sizes[:-1], sizes[1:]):
            self.W.append(torch.nn.Parameter(torch.randn(n_in, n_out) * (2 / n_in) ** 0.5))
            self.b.append(torch.nn.Parameter(torch.zeros(n_out)))

    def forward(self, h):
        for W, b in zip(self.W[:-1], self.b[:-1]):
            h = torch.clamp(h @ W + b, min=0)
        return (h @ self.W[-1] + self.b[-1]).squeeze(1)


x_train, y_train = make_rings(800)
x_test, y_test = make_rings(400)
net = Net([2, 32, 32, 1])
loss_fn = torch.nn.BCEWithLogitsLoss()
optim = torch.optim.Adam(net.parameters(), lr=0.01)
for epoch in range(25):
    shuffled = torch.randperm(len(x_train))
    for idx in shuffled.split(80):
        optim.zero_grad()
        loss = loss_fn(net(x_train[idx]), y_train[idx])
        loss.backward()
        optim.step()
    if epoch % 5 == 0:
        print(epoch, round(loss.item(), 4))
with torch.no_grad():
    out = net(x_test)
finish(net, out, accuracy=((out > 0) == (y_test > 0.5)).float().mean())
