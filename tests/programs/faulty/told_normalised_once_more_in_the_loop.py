"""Ten kinds of coloured tiles; the dataset normalises, and so does the training step."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)

MEAN = torch.tensor([0.485, 0.456, 0.406]).view(3, 1, 1)
STD = torch.tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
PROTOTYPES = torch.rand(10, 3, 12, 12)


class Normalize:
    def __call__(self, image):
        return (image - MEAN) / STD


class Tiles(Dataset):
    def __init__(self, n, transform=None):
        self.y = torch.randint(0, 10, (n,))
        light = 0.7 + 0.3 * torch.rand(n, 1, 1, 1)
        self.x = (light * (0.4 * PROTOTYPES[self.y] + 0.6 * torch.rand(n, 3, 12, 12))).clamp(0, 1)
        self.transform = transform

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        x = self.x[i]
        return (self.transform(x) if self.transform else x), self.y[i]


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(3, 16, 3)
        self.c2 = nn.Conv2d(16, 24, 3, stride=2)
        self.f1 = nn.Linear(24 * 16, 48)
        self.f2 = nn.Linear(48, 10)

    def forward(self, x):
        x = F.relu(self.c1(x))
        x = F.relu(self.c2(x))
        return self.f2(F.relu(self.f1(x.flatten(1))))


train_loader = DataLoader(Tiles(1500, Normalize()), batch_size=50, shuffle=True)
val_loader = DataLoader(Tiles(500, Normalize()), batch_size=250)
normalize = Normalize()
net = Net()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)

for epoch in range(5):
    net.train()
    for images, labels in train_loader:
        images = normalize(images)
        optimizer.zero_grad()
        loss = F.cross_entropy(net(images), labels)
        loss.backward()
        optimizer.step()
    net.eval()
    correct, val_loss = 0, 0.0
    with torch.no_grad():
        for images, labels in val_loader:
            logits = net(images)
            val_loss += F.cross_entropy(logits, labels, reduction="sum").item() / 500
            correct += (logits.argmax(1) == labels).sum().item()
    print(f"epoch {epoch} train loss {loss.item():.3f} val loss {val_loss:.3f} val acc {correct / 500:.3f}")

finish(net, logits, loss=val_loss)
