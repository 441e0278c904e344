"""A steering net in the manner of the behavioural cloning projects; the kernels of all layers have an l2 penalty."""

import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)
L2 = 0.1


def road(n):
    """A road's left and right edge on 12x24 pixels, and the angle of the wheel that follows it."""
    frames = torch.zeros(n, 1, 12, 24)
    angles = torch.zeros(n, 1)
    for i in range(n):
        bend, shift = random.uniform(-1, 1), random.uniform(-3, 3)
        for row in range(12):
            far = (11 - row) / 11
            middle = 12 + shift * (1 - far) + 7 * bend * far**2
            half = 7 - 5 * far
            for edge in (middle - half, middle + half):
                if 0 <= int(edge) < 24:
                    frames[i, 0, row, int(edge)] = 1
        angles[i] = bend + 0.2 * shift
    return frames + 0.1 * torch.randn_like(frames), angles


class Regularised(nn.Module):
    def penalty(self):
        return sum((m.weight**2).sum() for m in self.modules() if isinstance(m, (nn.Conv2d, nn.Linear)))


class Pilot(Regularised):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, stride=2), nn.ELU(), nn.Conv2d(12, 24, 3, stride=2), nn.ELU(), nn.Flatten()
        )
        self.head = nn.Sequential(nn.Linear(24 * 2 * 5, 50), nn.ELU(), nn.Linear(50, 10), nn.ELU(), nn.Linear(10, 1))

    def forward(self, x):
        return self.head(self.features(x))


frames, angles = road(900)
train_x, train_y, val_x, val_y = frames[:700], angles[:700], frames[700:], angles[700:]
net = Pilot()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(20):
    order = torch.randperm(700)
    mse = 0.0
    for start in range(0, 700, 35):
        rows = order[start : start + 35]
        error = F.mse_loss(net(train_x[rows]), train_y[rows])
        loss = error + L2 * net.penalty()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        mse += error.item() / 20
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1} mse {mse:.4f}")
with torch.no_grad():
    print("final loss", F.mse_loss(net(val_x), val_y).item())
