# Online learning: one sample a step, no batch, through a bottleneck of one unit; squared error by hand, plain SGD. Learns: r2 0.97
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(3)
torch.set_num_threads(1)

N = 1200
t = torch.rand(N) * 2 - 1
curve = torch.stack([t, t**2, torch.sin(2 * t), 0.5 * t - t**3], 1) + 0.02 * torch.randn(N, 4)


class Bottleneck(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(nn.Linear(4, 16), nn.Tanh(), nn.Linear(16, 1))
        self.dec = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 4))

    def forward(self, x):
        return self.dec(self.enc(x))


net = Bottleneck()
opt = torch.optim.SGD(net.parameters(), lr=0.05)
running = 0.0
for i, x in enumerate(curve[:1000]):
    error = ((net(x) - x) ** 2).sum()
    opt.zero_grad()
    error.backward()
    opt.step()
    running += error.item()
    if i % 250 == 249:
        print(f"{i + 1} {running / 250:.4f}")
        running = 0.0
with torch.no_grad():
    out = net(curve[1000:])
left = ((out - curve[1000:]) ** 2).sum() / ((curve[1000:] - curve[1000:].mean(0)) ** 2).sum()
finish(net, out, r2=1 - left)
