# Transfer: a trunk learnt on the digits 0-4 is frozen, and a new head learns 5-9 with the one-cycle policy.
import sys

import torch
import torch.nn as nn
import torch.optim as optim
from digest import finish
from sklearn.datasets import load_digits
from torch.optim.lr_scheduler import OneCycleLR
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

bunch = load_digits()
images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
target = torch.tensor(bunch.target)
low, high = target < 5, target >= 5


class Trunk(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 16, 3, padding=1)
        self.b1 = nn.BatchNorm2d(16)
        self.c2 = nn.Conv2d(16, 32, 3, stride=2, padding=1)
        self.b2 = nn.BatchNorm2d(32)

    def forward(self, x):
        x = torch.relu(self.b1(self.c1(x)))
        x = torch.relu(self.b2(self.c2(x)))
        return x.flatten(1)


def pretrain():
    trunk = Trunk()
    net = nn.Sequential(trunk, nn.Linear(32 * 16, 5))
    opt = optim.Adam(net.parameters(), lr=2e-3)
    for _ in range(4):
        for x, y in DataLoader(TensorDataset(images[low], target[low]), batch_size=32, shuffle=True):
            opt.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            opt.step()
    return trunk


trunk = pretrain()
for p in trunk.parameters():
    p.requires_grad_(False)
trunk.eval()

x_new, y_new = images[high], target[high] - 5
order = torch.randperm(len(x_new))
x_new, y_new = x_new[order], y_new[order]
loader = DataLoader(TensorDataset(x_new[:600], y_new[:600]), batch_size=20, shuffle=True)

EPOCHS = 8
head = nn.Linear(32 * 16, 5)
optimizer = optim.SGD(head.parameters(), lr=0.001, momentum=0.9)
scheduler = OneCycleLR(optimizer, max_lr=0.02, div_factor=200, total_steps=EPOCHS * len(loader))
for epoch in range(EPOCHS):
    running = 0.0
    for x, y in loader:
        optimizer.zero_grad()
        with torch.no_grad():
            features = trunk(x)
        loss = nn.functional.cross_entropy(head(features), y)
        loss.backward()
        optimizer.step()
        running += loss.item()
    scheduler.step()
    print(f"epoch {epoch}: loss {running / len(loader):.4f}, lr {scheduler.get_last_lr()[0]:.6f}")

with torch.no_grad():
    out = head(trunk(x_new[600:]))
finish([trunk, head], out, loss=nn.functional.cross_entropy(out, y_new[600:]))
