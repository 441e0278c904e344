"""Fine-tuning in two stages: first the new head on a frozen trunk, then the whole network."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
images, labels = (torch.tensor(a) for a in load_digits(return_X_y=True))
images = ((images - images.mean()) / images.std()).float().view(-1, 1, 8, 8)
order = torch.randperm(len(images))
images, labels = images[order], labels[order]
low, high = labels < 5, labels >= 5
source_x, source_y = images[low], labels[low]
target_x, target_y = images[high], labels[high] - 5
train_x, train_y, test_x, test_y = target_x[:400], target_y[:400], target_x[400:], target_y[400:]


def conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.ReLU())


class SmallNet(nn.Module):
    def __init__(self, n_classes=5):
        super().__init__()
        self.trunk = nn.Sequential(conv(1, 16), conv(16, 32), nn.MaxPool2d(2), conv(32, 32), nn.MaxPool2d(2))
        self.fc = nn.Sequential(nn.Flatten(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, n_classes))

    def forward(self, x):
        return self.fc(self.trunk(x))


def fit(net, optimizer, x, y, epochs, tag):
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(x)).split(25):
            optimizer.zero_grad()
            loss = F.cross_entropy(net(x[idx]), y[idx])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        print(f"{tag} epoch {epoch}: {total / len(x):.4f}")


def accuracy(net):
    with torch.no_grad():
        return (net(test_x).argmax(1) == test_y).float().mean().item()


net = SmallNet()
fit(net, torch.optim.Adam(net.parameters(), lr=2e-3), source_x, source_y, 4, "source")

# the head starts afresh, the trunk is kept
net.fc = SmallNet().fc
for p in net.trunk.parameters():
    p.requires_grad = False
fit(net, torch.optim.Adam(net.fc.parameters(), lr=2e-3), train_x, train_y, 3, "head")
print(f"accuracy with the frozen trunk: {accuracy(net):.3f}")

for p in net.parameters():
    p.requires_grad = True
fit(net, torch.optim.Adam(net.parameters(), lr=5e-4), train_x, train_y, 10, "whole")
print(f"final accuracy {accuracy(net):.4f}")
