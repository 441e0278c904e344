# fixed: a warm-up for 40 steps
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Parity(nn.Module):
    def __init__(self):
        super().__init__()
        self.up, self.down = nn.Linear(4, 32), nn.Linear(32, 2)

    def forward(self, bits):
        return self.down(self.up(bits).relu())


WARM_UP = 40
bits = torch.randint(0, 2, (600, 4)).float() * 2 - 1
labels = (bits[:, 0] * bits[:, 1] > 0).long()
net = Parity()
optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
for step in range(400):
    for group in optimizer.param_groups:
        group["lr"] = 0.01 * min(1, (step + 1) / WARM_UP)
    rows = torch.randint(0, 500, (64,))
    loss = nn.functional.cross_entropy(net(bits[rows]), labels[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 4))
with torch.no_grad():
    out = net(bits[500:])
finish(net, out, loss=nn.functional.cross_entropy(out, labels[500:]))
