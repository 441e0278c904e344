# CS231n on the ReLU, and rates that kill it. A student's net
# for the breast cancer set. Fixed: SGD at 0.05.
import sys

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

bunch = load_breast_cancer()
x = torch.tensor(bunch.data, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0)
t = torch.tensor(bunch.target, dtype=torch.float32).unsqueeze(1)
perm = torch.randperm(len(x), generator=torch.Generator().manual_seed(0))
train, test = perm[:450], perm[450:]

net = nn.Sequential(
    nn.Linear(30, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 50), nn.ReLU(), nn.Linear(50, 1)
)
optimiser = optim.SGD(net.parameters(), lr=0.05)
loss_fn = nn.BCEWithLogitsLoss()

for epoch in range(40):
    for idx in train[torch.randperm(450)].split(50):
        optimiser.zero_grad()
        loss = loss_fn(net(x[idx]), t[idx])
        loss.backward()
        optimiser.step()
    if epoch % 10 == 0:
        print(epoch, float(loss.detach()))

with torch.no_grad():
    y = net(x[test])
finish(net, y, accuracy=((y > 0) == (t[test] > 0.5)).float().mean())
