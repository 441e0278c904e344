# fixed: a small number under the root
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

centres = torch.randn(8, 10)


class Siamese(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 8))

    def forward(self, a, b):
        difference = self.embed(a) - self.embed(b)
        return torch.sqrt(difference.pow(2).sum(1) + 1e-8)


def pairs(n):
    i = torch.randint(0, 8, (n,))
    same = torch.rand(n) < 0.5
    j = torch.where(same, i, torch.randint(0, 8, (n,)))
    a, b = centres[i] + 0.5 * torch.randn(n, 10), centres[j] + 0.5 * torch.randn(n, 10)
    copies = torch.rand(n) < 0.02  # the data set holds some pairs of one picture
    b[copies], j[copies] = a[copies], i[copies]
    return a, b, (i == j).float()


net = Siamese()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
margin = 2.0
for step in range(300):
    a, b, same = pairs(64)
    d = net(a, b)
    loss = (same * d**2 + (1 - same) * torch.relu(margin - d) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, loss.item())
a, b, same = pairs(500)
with torch.no_grad():
    d = net(a, b)
finish(net, d, accuracy=((d < 1.0) == (same > 0)).float().mean())
