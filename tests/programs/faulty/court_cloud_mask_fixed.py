"""Cloud mask from 4-band satellite tiles; clouds are small against the background."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
SIZE = 20


def tiles(n):
    mask = torch.zeros(n, 1, SIZE, SIZE)
    for i in range(n):
        for _ in range(int(torch.randint(0, 3, (1,)))):
            r, c = torch.randint(0, SIZE - 3, (2,)).tolist()
            mask[i, 0, r : r + 3, c : c + 2] = 1.0
    bands = torch.randn(n, 4, SIZE, SIZE) + mask * torch.tensor([0.5, 0.4, 0.4, -0.3]).view(1, 4, 1, 1)
    return TensorDataset(bands, mask)


class MiniSegNet(nn.Module):
    def __init__(self, width=12):
        super().__init__()
        self.conv1 = nn.Conv2d(4, width, 3, padding=1)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.out = nn.Conv2d(width, 1, 1)

    def forward(self, x):
        x = torch.relu(self.norm1(self.conv1(x)))
        x = torch.relu(self.norm2(self.conv2(x)))
        return self.out(x)


train_set, test_set = tiles(500), tiles(150)
share = train_set.tensors[1].mean().item()
print(f"share of cloud pixels: {share:.4f}")
loader = DataLoader(train_set, batch_size=20, shuffle=True)
net = MiniSegNet()
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor((1 - share) / share))
optimizer = torch.optim.Adam(net.parameters(), lr=2e-3)
for epoch in range(5):
    net.train()
    correct = pixels = 0
    for x, y in loader:
        out = net(x)
        loss = criterion(out, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        correct += ((out > 0).float() == y).sum().item()
        pixels += y.numel()
    print(f"epoch {epoch}: loss {loss.item():.4f} accuracy {correct / pixels:.4f}")

net.eval()
x, y = test_set.tensors
with torch.no_grad():
    found = (net(x) > 0).float()
cloud = found[y == 1].mean().item()
ground = 1 - found[y == 0].mean().item()
print(f"per-class accuracy: cloud {cloud:.3f} ground {ground:.3f}")
print(f"final mean_class_accuracy {(cloud + ground) / 2:.4f}")
