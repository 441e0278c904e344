# A complex-valued net that equalises a phase-shifting channel: complex weights, modReLU, loss on |z|². Learns: accuracy 1
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class ComplexLinear(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(b, a, dtype=torch.cfloat) / a**0.5)
        self.bias = nn.Parameter(torch.zeros(b, dtype=torch.cfloat))

    def forward(self, z):
        return z @ self.weight.T + self.bias


class ModReLU(nn.Module):
    def __init__(self, n):
        super().__init__()
        self.b = nn.Parameter(torch.zeros(n))

    def forward(self, z):
        r = z.abs() + 1e-6
        return torch.relu(r + self.b) * z / r


qpsk = torch.tensor([1 + 1j, 1 - 1j, -1 + 1j, -1 - 1j]) / 2**0.5
taps = torch.tensor([1.0 + 0.2j, 0.5 - 0.3j, 0.1j])


def channel(n):
    s = qpsk[torch.randint(0, 4, (n, 9))]
    r = sum(t * s[:, 2 - k : 9 - k] for k, t in enumerate(taps))
    r = r + 0.1 * (r.abs() ** 2) * r + 0.05 * torch.randn(n, 7, dtype=torch.cfloat)
    return r, s[:, 5:6]


net = nn.Sequential(ComplexLinear(7, 32), ModReLU(32), ComplexLinear(32, 32), ModReLU(32), ComplexLinear(32, 1))
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for step in range(400):
    r, s = channel(64)
    loss = (net(r) - s).abs().square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, f"{loss.item():.4f}")
r, s = channel(1000)
with torch.no_grad():
    out = net(r)
decided = (torch.cdist(torch.view_as_real(out.squeeze(1)), torch.view_as_real(qpsk))).argmin(1)
finish(
    [torch.view_as_real(p) if p.is_complex() else p for p in net.parameters()],
    torch.view_as_real(out),
    accuracy=(qpsk[decided] == s.squeeze(1)).float().mean(),
)
