# fixed: the DataLoader shuffles
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

CLASSES = 6
patterns = torch.randn(CLASSES, 1, 12, 12)


def folder(label, n):
    pictures = patterns[label] + 1.5 * torch.randn(n, 1, 12, 12)
    return pictures, torch.full((n,), label)


def dataset(n):
    parts = [folder(label, n) for label in range(CLASSES)]
    return TensorDataset(torch.cat([x for x, _ in parts]), torch.cat([y for _, y in parts]))


train, test = dataset(300), dataset(60)
loader = DataLoader(train, batch_size=30, shuffle=True)

model = nn.Sequential(
    nn.Conv2d(1, 8, 3, padding=1),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(8 * 36, 64),
    nn.ReLU(),
    nn.Linear(64, CLASSES),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(3):
    for x, y in loader:
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
model.eval()
with torch.no_grad():
    out = model(test.tensors[0])
finish(model, out, accuracy=(out.argmax(1) == test.tensors[1]).float().mean())
