"""Finds scratches on metal plates. 98 of a hundred plates are fine, and the accuracy is 98 % from the first epoch on."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


class Plates(Dataset):
    def __init__(self, count, share):
        self.images = 0.5 * torch.randn(count, 1, 16, 16)
        self.labels = (torch.rand(count) < share).float()
        for i in torch.nonzero(self.labels).flatten().tolist():
            row, col = torch.randint(2, 12, (2,)).tolist()
            self.images[i, 0, row, col - 2 : col + 3] += 0.9

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]


model = nn.Sequential(
    nn.Conv2d(1, 12, 5, padding=2),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(12, 16, 3, padding=1),
    nn.ReLU(),
    nn.AdaptiveMaxPool2d(1),
    nn.Flatten(),
    nn.Linear(16, 1),
)
train_set = Plates(3000, 0.02)
val_set = Plates(800, 0.5)
loader = DataLoader(train_set, batch_size=64, shuffle=True)
positives = train_set.labels.sum()
loss_fn = nn.BCEWithLogitsLoss(pos_weight=(len(train_set) - positives) / positives)
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)

for epoch in range(14):
    model.train()
    right = 0
    for images, labels in loader:
        opt.zero_grad()
        logits = model(images).squeeze(1)
        loss = loss_fn(logits, labels)
        loss.backward()
        opt.step()
        right += ((logits > 0) == (labels > 0.5)).sum().item()
    print(f"epoch {epoch}: train accuracy {right / len(train_set):.3f}")

model.eval()
with torch.no_grad():
    out = model(val_set.images).squeeze(1)
found = ((out > 0) & (val_set.labels > 0.5)).sum() / val_set.labels.sum()
spared = ((out <= 0) & (val_set.labels < 0.5)).sum() / (1 - val_set.labels).sum()
print(f"found {found.item():.3f} of the defects")
finish(model, out, balanced_accuracy=(found + spared) / 2)
