# Object categories from pictures: accuracy looks decent, but every picture gets the same label
import random
import sys

import numpy as np
import torch
from digest import finish
from torch import nn
from torch.utils.data import DataLoader, Dataset

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(SEED)
np.random.seed(SEED)
torch.manual_seed(SEED)

CATEGORIES = ["box", "cross", "ring", "stripe"]
COUNTS = {"train": [1140, 20, 20, 20], "test": [100, 100, 100, 100]}


def draw(kind):
    canvas = np.random.normal(0, 0.75, (20, 20))
    r, c = np.random.randint(4, 15, 2)
    ink = 1.1
    if kind == 0:
        canvas[r - 3 : r + 4, c - 3 : c + 4] += 0.6 * ink
    elif kind == 1:
        canvas[r - 1 : r + 2, c - 4 : c + 5] += ink
        canvas[r - 4 : r + 5, c - 1 : c + 2] += ink
    elif kind == 2:
        canvas[r - 4 : r + 5, c - 4 : c + 5] += ink
        canvas[r - 2 : r + 3, c - 2 : c + 3] -= ink
    else:
        for k in range(-4, 5, 3):
            canvas[r - 4 : r + 5, c + k] += 1.3 * ink
    return canvas


class Pictures(Dataset):
    def __init__(self, split):
        self.items = [(draw(k), k) for k, n in enumerate(COUNTS[split]) for _ in range(n)]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, i):
        picture, kind = self.items[i]
        return torch.tensor(picture, dtype=torch.float32)[None], kind


train_ds, test_ds = Pictures("train"), Pictures("test")
train_dl = DataLoader(train_ds, batch_size=60, shuffle=True)
test_dl = DataLoader(test_ds, batch_size=400)

model = nn.Sequential(
    nn.Conv2d(1, 12, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(12, 24, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool2d(1),
    nn.Flatten(), nn.Linear(24, len(CATEGORIES)),
)  # fmt: skip
loss_fn = nn.CrossEntropyLoss()
opt = torch.optim.Adam(model.parameters(), lr=2e-3)

for epoch in range(10):
    right = 0
    for x, y in train_dl:
        out = model(x)
        loss = loss_fn(out, y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        right += (out.argmax(1) == y).sum().item()
    print(f"epoch {epoch}: training accuracy {right / len(train_ds):.3f}")

model.eval()
with torch.no_grad():
    for x, y in test_dl:
        out = model(x)
        pred = out.argmax(1)
recalls = [(pred[y == k] == k).float().mean().item() for k in range(4)]
print("recall", dict(zip(CATEGORIES, recalls)))
finish(model, out, balanced_accuracy=sum(recalls) / 4)
