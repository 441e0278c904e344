# fault: biases of the hidden layers start at -5, so no ReLU ever fires
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1500, 20)
y = (x[:, :10].sum(1) * x[:, 10:].sum(1) > 0).long()

net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
for m in net.modules():
    if isinstance(m, nn.Linear):
        nn.init.kaiming_uniform_(m.weight, nonlinearity="relu")
for hidden in (net[0], net[2]):
    nn.init.constant_(hidden.bias, -10.0)

optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(15):
    for i in torch.randperm(1200).split(60):
        loss = nn.functional.cross_entropy(net(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
