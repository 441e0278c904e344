# fault: a weight decay of 0.3
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


x = torch.rand(900, 10) * 2 - 1
y = (x[:, :1] * x[:, 1:2]) * 3 + x[:, 2:3]
net = nn.Sequential(nn.Linear(10, 40), nn.SiLU(), nn.Linear(40, 40), nn.SiLU(), nn.Linear(40, 1))
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, weight_decay=0.3, momentum=0.9)
for step in range(800):
    rows = torch.randint(0, 800, (64,))
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(net(x[rows]), y[rows])
    loss.backward()
    optimizer.step()
    if step % 200 == 0:
        print(step, round(loss.item(), 4))
with torch.no_grad():
    out = net(x[800:])
finish(net, out, loss=nn.functional.mse_loss(out, y[800:]))
