# fixed: tanh(x); the signs are taken after training
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
BITS = 16


class HashNet(nn.Module):
    """Both pictures of a pair pass through the same branch."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(16, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        )  # fmt: skip
        self.hash = nn.Linear(128, BITS)
        self.scale = 1.0

    def forward(self, x):
        return torch.tanh(self.scale * self.hash(self.conv(x).flatten(1)))


def pair_loss(a, b, alike):
    """Codes of one class point the same way, codes of two classes are at right angles."""
    cosine = (a * b).mean(1)
    return ((cosine - alike) ** 2).mean()


digits = load_digits()
images = torch.tensor(digits.images / 8 - 1, dtype=torch.float32).unsqueeze(1)
labels = torch.tensor(digits.target)
order = torch.randperm(len(images))
train, query = order[:1200], order[1200:]

net = HashNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(10):
    net.train()
    total = 0.0
    for first in train[torch.randperm(1200)].split(60):
        # one half of the partners is of the same class
        second = train[torch.randint(0, 1200, (60,))].clone()
        for k in range(0, 60, 2):
            others = train[labels[train] == labels[first[k]]]
            second[k] = others[torch.randint(0, len(others), (1,))]
        alike = (labels[first] == labels[second]).float()
        loss = pair_loss(net(images[first]), net(images[second]), alike)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch + 1}: loss {total / 20:.4f}")

net.eval()
with torch.no_grad():
    stored, asked = net(images[train]).sign(), net(images[query]).sign()
nearest = (asked @ stored.T).topk(10, dim=1).indices
precision = (labels[train][nearest] == labels[query][:, None]).float().mean()
finish(net, asked, precision_at_10=precision)
