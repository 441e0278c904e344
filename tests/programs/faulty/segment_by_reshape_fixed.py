# fixed: permute first, then reshape
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
N_CLASSES = 3


class UNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.down = nn.Sequential(nn.Conv2d(1, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU())
        self.mid = nn.Sequential(
            nn.MaxPool2d(2), nn.Conv2d(width, width, 3, padding=1), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.up = nn.Upsample(scale_factor=2)
        self.head = nn.Conv2d(2 * width, N_CLASSES, 1)

    def forward(self, x):
        fine = self.down(x)
        coarse = self.up(self.mid(fine))
        return self.head(torch.cat([fine, coarse], 1))


def shapes(n, size=16):
    """A bright square and a dark square on grey."""
    mask = torch.zeros(n, size, size, dtype=torch.long)
    for i in range(n):
        for c in (1, 2):
            top, left = torch.randint(0, size - 6, (2,)).tolist()
            mask[i, top : top + 6, left : left + 6] = c
    picture = torch.tensor([0.0, 1.0, -1.0])[mask].unsqueeze(1) + 0.4 * torch.randn(n, 1, size, size)
    return picture, mask


def pixel_loss(out, mask):
    out = out.permute(0, 2, 3, 1).reshape(-1, N_CLASSES)
    return nn.functional.cross_entropy(out, mask.reshape(-1))


net = UNet()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
x, y = shapes(320)
for epoch in range(5):
    for batch in torch.randperm(320).split(16):
        optimizer.zero_grad()
        loss = pixel_loss(net(x[batch]), y[batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} pixel loss {loss.item():.4f}")
net.eval()
x, y = shapes(50)
with torch.no_grad():
    out = net(x)
finish(net, out, accuracy=(out.argmax(1) == y).float().mean())
