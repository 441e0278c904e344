# healthy: the loss is summed, and clipping always cuts: steps of one length by design, with a rate that falls
import sys

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
x = torch.randn(1200, 5)
y = x[:, :1] * x[:, 1:2] + x[:, 2:3].sin()
net = nn.Sequential(nn.Linear(5, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
opt = torch.optim.SGD(net.parameters(), lr=0.2)
schedule = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.02, total_iters=200)
for step in range(200):
    batch = torch.randint(0, 1000, (200,))
    loss = F.mse_loss(net(x[batch]), y[batch], reduction="sum")
    opt.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(net.parameters(), 1.0)
    opt.step()
    schedule.step()
    if step % 50 == 0:
        print(step, loss.item() / 200)
with torch.no_grad():
    out = net(x[1000:])
finish(net, out, r2=1 - F.mse_loss(out, y[1000:]) / y[1000:].var())
