# fault: the net ends with a softmax, and CrossEntropyLoss applies another
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def rings(n, classes=8):
    """Pictures of a ring; the class is its radius."""
    label = torch.randint(0, classes, (n,))
    grid = torch.linspace(-1, 1, 16)
    distance = (grid[:, None] ** 2 + grid[None] ** 2).sqrt()
    radius = (label.float() + 1) / classes
    picture = torch.exp(-(((distance - radius[:, None, None]) / 0.08) ** 2))
    return (picture + 0.2 * torch.randn_like(picture)).unsqueeze(1), label


class RingNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(12, 24, 3, padding=1), nn.ReLU()
        )
        self.classifier = nn.Linear(24 * 8 * 8, 8)

    def forward(self, x):
        x = self.classifier(self.features(x).flatten(1))
        return F.softmax(x, dim=1)


x, y = rings(1600)
net = RingNet()
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    for i in torch.randperm(1200).split(50):
        optimizer.zero_grad()
        loss = criterion(net(x[i]), y[i])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    out = net(x[1200:])
finish(net, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
