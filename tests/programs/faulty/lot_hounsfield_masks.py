# Lesions in CT slices (synthetic). A small encoder-decoder without norm layers, soft Dice plus BCE.
import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

ap = argparse.ArgumentParser()
ap.add_argument("seed", type=int, nargs="?", default=0)
torch.manual_seed(ap.parse_args().seed)


def slices(n, size=24):
    """Hounsfield units: air -1000, tissue about 40, bone about 700; a lesion is a disc of about 110."""
    yy, xx = torch.meshgrid(torch.arange(size), torch.arange(size), indexing="ij")
    ct, mask = torch.full((n, 1, size, size), -1000.0), torch.zeros(n, 1, size, size)
    for i in range(n):
        body = (xx - size / 2) ** 2 + (yy - size / 2) ** 2 < (0.46 * size) ** 2
        ct[i, 0][body] = 40.0
        bone = (xx - size / 2).abs() + (yy - 0.8 * size).abs() < 3
        ct[i, 0][bone] = 700.0
        cy, cx = (torch.rand(2) * 0.36 + 0.28) * size
        lesion = (xx - cx) ** 2 + (yy - cy) ** 2 < (2.0 + 2 * torch.rand(())) ** 2
        ct[i, 0][lesion] = 110.0
        mask[i, 0][lesion] = 1.0
    return ct + 12 * torch.randn_like(ct), mask


class MiniUNet(nn.Module):
    def __init__(self, c=12):
        super().__init__()
        self.down1 = nn.Conv2d(1, c, 3, padding=1)
        self.down2 = nn.Conv2d(c, 2 * c, 3, padding=1)
        self.bottom = nn.Conv2d(2 * c, 2 * c, 3, padding=1)
        self.up = nn.ConvTranspose2d(2 * c, c, 2, stride=2)
        self.merge = nn.Conv2d(2 * c, c, 3, padding=1)
        self.out = nn.Conv2d(c, 1, 1)

    def forward(self, x):
        d1 = F.relu(self.down1(x))
        d2 = F.relu(self.down2(F.max_pool2d(d1, 2)))
        u = F.relu(self.up(F.relu(self.bottom(d2))))
        return self.out(F.relu(self.merge(torch.cat([u, d1], 1))))


def dice(logits, mask):
    p = logits.sigmoid()
    return 1 - (2 * (p * mask).sum((1, 2, 3)) + 1) / (p.sum((1, 2, 3)) + mask.sum((1, 2, 3)) + 1)


ct, mask = slices(320)
ct_val, mask_val = slices(80)
net = MiniUNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.03, momentum=0.9)
for epoch in range(18):
    for rows in torch.randperm(len(ct)).split(16):
        logits = net(ct[rows])
        loss = dice(logits, mask[rows]).mean() + F.binary_cross_entropy_with_logits(logits, mask[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch + 1:2d} loss {loss.item():.4f}")

net.eval()
with torch.no_grad():
    logits = net(ct_val)
finish(net, logits, dice=1 - dice((logits > 0).float() * 100 - 50, mask_val).mean())
