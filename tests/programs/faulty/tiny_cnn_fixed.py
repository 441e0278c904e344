# fixed: Kaiming
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv1d(1 if k == 0 else 16, 16, 5, padding=2) for k in range(5))
        self.head = nn.Linear(16, 3)
        for conv in self.convs:
            nn.init.kaiming_normal_(conv.weight)
            nn.init.zeros_(conv.bias)

    def forward(self, x):
        for conv in self.convs:
            x = F.leaky_relu(conv(x), 0.1)
        return self.head(x.mean(dim=2))


def signals(n):
    """One, two or three bumps per window."""
    k = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, 48)
    return torch.sin(2 * torch.pi * (k[:, None] + 1) * 2 * (t + torch.rand(n, 1))).unsqueeze(1) + 0.2 * torch.randn(
        n, 1, 48
    ), k


net = Net()
opt = torch.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
for step in range(200):
    x, y = signals(32)
    loss = F.cross_entropy(net(x), y)
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 30 == 0:
        print(step, loss.item())
x, y = signals(300)
with torch.no_grad():
    out = net(x)
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
