"""Land-cover map from 5-band tiles: each pixel gets one of four classes."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
N_CLASSES, BANDS, TILE = 4, 5, 16
spectra = torch.randn(N_CLASSES, BANDS)


def tiles(n):
    coarse = torch.randint(0, N_CLASSES, (n, 4, 4))
    labels = coarse.repeat_interleave(4, 1).repeat_interleave(4, 2)
    bands = spectra[labels].permute(0, 3, 1, 2) + 0.6 * torch.randn(n, BANDS, TILE, TILE)
    return TensorDataset(bands, labels)


train_dl = DataLoader(tiles(320), batch_size=16, shuffle=True)
test_dl = DataLoader(tiles(80), batch_size=16)


class SegNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(BANDS, 24, 3, padding=1),
            nn.GroupNorm(4, 24),
            nn.GELU(),
            nn.Conv2d(24, 24, 3, padding=1),
            nn.GroupNorm(4, 24),
            nn.GELU(),
            nn.Conv2d(24, N_CLASSES, 1),
        )

    def forward(self, x):
        return self.layers(x)


net = SegNet()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(6):
    for bands, labels in train_dl:
        out = net(bands)
        loss = criterion(out.permute(0, 2, 3, 1).reshape(-1, N_CLASSES), labels.view(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")

net.eval()
right = total = 0
with torch.no_grad():
    for bands, labels in test_dl:
        right += (net(bands).argmax(1) == labels).sum().item()
        total += labels.numel()
print(f"final pixel_accuracy {right / total:.4f}")
