"""Cracks in concrete: two classes of pixels, judged by the mean recall of the classes."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset


def concrete(n, size=28):
    images = torch.randn(n, 1, size, size)
    masks = torch.zeros(n, size, size, dtype=torch.long)
    for i in range(n):
        y, x = torch.randint(3, size - 3, (2,)).tolist()
        for _ in range(5):
            masks[i, y, x] = 1
            x = min(x + 1, size - 1)
            y = min(max(y + int(torch.randint(-1, 2, (1,))), 0), size - 1)
    images[masks.unsqueeze(1) == 1] += 1.8
    return TensorDataset(images, masks)


class FCN(nn.Module):
    def __init__(self, nclass):
        super().__init__()
        self.pretrained = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1), nn.ReLU(), nn.Conv2d(12, 12, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Conv2d(12, nclass, 1)

    def forward(self, x):
        return self.head(self.pretrained(x))


class SegmentationMetric:
    def __init__(self, nclass):
        self.hits, self.total = torch.zeros(nclass), torch.zeros(nclass)

    def update(self, labels, preds):
        predict = preds.argmax(1)
        for c in range(len(self.hits)):
            self.hits[c] += ((predict == c) & (labels == c)).sum()
            self.total[c] += (labels == c).sum()

    def get(self):
        return (self.hits / self.total).mean().item()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
train_data = DataLoader(concrete(320), batch_size=16, shuffle=True)
eval_data = DataLoader(concrete(100), batch_size=50)
model = FCN(2)
criterion = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 100.0]))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(6):
    model.train()
    for data, target in train_data:
        optimizer.zero_grad()
        loss = criterion(model(data), target)
        loss.backward()
        optimizer.step()
    print(f"Epoch {epoch}: loss {loss.item():.4f}")

model.eval()
metric = SegmentationMetric(2)
pixels = []
with torch.no_grad():
    for data, target in eval_data:
        outputs = model(data)
        metric.update(target, outputs)
        pixels.append((outputs.argmax(1) == target).float().mean().item())
print(f"pixAcc {sum(pixels) / len(pixels):.4f}")
print("final mean_recall", round(metric.get(), 4))
