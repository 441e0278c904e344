# fault: a sine net with ω0 = 30 whose weights are drawn with std 1: every layer is noise of its input
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Sine(nn.Module):
    def forward(self, x):
        return torch.sin(30 * x)


def init_weights(net):
    for m in net:
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight)
            nn.init.zeros_(m.bias)


def field(c):
    return torch.sin(4 * c[:, :1] + 3 * c[:, 1:] ** 2) + 0.5 * c[:, 1:]


net = nn.Sequential(nn.Linear(2, 48), Sine(), nn.Linear(48, 48), Sine(), nn.Linear(48, 48), Sine(), nn.Linear(48, 1))
init_weights(net)
coords = 2 * torch.rand(800, 2) - 1
target = field(coords)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-4)
for step in range(400):
    i = torch.randperm(800)[:400]
    loss = nn.functional.mse_loss(net(coords[i]), target[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, f"{loss.item():.5f}")
test = 2 * torch.rand(500, 2) - 1
with torch.no_grad():
    out = net(test)
finish(net, out, mse_loss=nn.functional.mse_loss(out, field(test)))
