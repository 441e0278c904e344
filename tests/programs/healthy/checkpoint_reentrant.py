# Activation checkpointing (use_reentrant=True) around blocks with batch norm. Learns: MEASURED
import torch
import torch.nn as nn
from torch.utils.checkpoint import checkpoint

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class ConvBlock(nn.Module):
    def __init__(self, cin, cout):
        super().__init__()
        self.conv = nn.Conv1d(cin, cout, 5, padding=2, bias=False)
        self.bn = nn.BatchNorm1d(cout)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.stem = ConvBlock(1, 16)
        self.blocks = nn.ModuleList([ConvBlock(16, 16) for _ in range(3)])
        self.head = nn.Linear(16, 3)

    def forward(self, x):
        x = self.stem(x)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True)
        return self.head(x.mean(-1))


def waves(n):
    kind = torch.randint(0, 3, (n,))
    t = torch.linspace(0, 1, 64) * torch.empty(n, 1).uniform_(3, 5) + torch.rand(n, 1)
    sine = torch.sin(2 * torch.pi * t)
    square = torch.sign(sine)
    saw = 2 * (t - t.floor()) - 1
    x = torch.stack([sine, square, saw])[kind, torch.arange(n)]
    return (x + 0.2 * torch.randn(n, 64)).unsqueeze(1), kind


net = Net()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for step in range(100):
    x, y = waves(32)
    opt.zero_grad()
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    opt.step()
    if step % 25 == 0:
        print(step, f"{loss.item():.4f}")
net.eval()
x, y = waves(300)
with torch.no_grad():
    out = net(x)
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
