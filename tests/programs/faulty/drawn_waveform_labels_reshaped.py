import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
CLASSES, LENGTH = 4, 64


def make(n):
    """Signals whose wave changes its shape: silence, sine, square, noise. A label for each instant."""
    t = torch.arange(LENGTH).float()
    waves = torch.stack(
        [
            0.05 * torch.randn(n, LENGTH),
            torch.sin(t * 0.6 + torch.rand(n, 1) * 6.28),
            torch.sign(torch.sin(t * 0.6 + torch.rand(n, 1) * 6.28)),
            torch.randn(n, LENGTH),
        ]
    )
    labels = torch.randint(0, CLASSES, (n, LENGTH // 16)).repeat_interleave(16, dim=1)
    x = waves.permute(1, 2, 0).gather(2, labels.unsqueeze(2)).squeeze(2)
    return x.unsqueeze(1), labels


class SegmentNet(nn.Module):
    def __init__(self, ch=24):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv1d(1, ch, 7, padding=3),
            nn.BatchNorm1d(ch),
            nn.ReLU(),
            nn.Conv1d(ch, ch, 7, padding=6, dilation=2),
            nn.BatchNorm1d(ch),
            nn.ReLU(),
            nn.Conv1d(ch, CLASSES, 1),
        )

    def forward(self, x):
        return self.net(x)


net = SegmentNet()
fast = torch.compile(net, backend="eager")
opt = torch.optim.Adam(net.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss()
x, y = make(640)
for epoch in range(5):
    for idx in torch.randperm(640).split(32):
        out = fast(x[idx])
        loss = criterion(out.reshape(-1, CLASSES), y[idx].reshape(-1))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print("epoch", epoch, "loss", loss.item())

net.eval()
x, y = make(200)
with torch.no_grad():
    out = net(x)
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
