"""fault: the filters of a fully convolutional net start with a standard deviation of 0.3, where 0.08 keeps the signal"""

import sys

import torch
from torch import nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
SIZE, CLASSES = 24, 3


def draw(n):
    """Bright discs (1) and striped squares (2) on a noisy ground (0)."""
    image = 0.3 * torch.randn(n, 3, SIZE, SIZE)
    mask = torch.zeros(n, SIZE, SIZE, dtype=torch.long)
    rows, cols = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
    for i in range(n):
        r, c = torch.randint(5, SIZE - 5, (2,)).tolist()
        disc = (rows - r) ** 2 + (cols - c) ** 2 < 20
        image[i, :2, disc] += 0.8
        mask[i, disc] = 1
        r, c = torch.randint(0, SIZE - 8, (2,)).tolist()
        image[i, :, r : r + 8, c : c + 8] = 0.8 * (cols[r : r + 8, c : c + 8] % 2) + 0.3 * torch.randn(3, 8, 8)
        mask[i, r : r + 8, c : c + 8] = 2
    return image, mask


class FCN(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.body = nn.ModuleList([nn.Conv2d(3 if i == 0 else width, width, 3, padding=1) for i in range(5)])
        self.classifier = nn.Conv2d(width, CLASSES, 1)
        for m in self.modules():
            if isinstance(m, nn.Conv2d):
                nn.init.normal_(m.weight, std=0.3)
                nn.init.zeros_(m.bias)

    def forward(self, x):
        for conv in self.body:
            x = F.relu(conv(x))
        return self.classifier(x)


def mean_iou(scores, mask):
    guess = scores.argmax(1)
    ious = []
    for k in range(CLASSES):
        both = ((guess == k) & (mask == k)).sum()
        either = ((guess == k) | (mask == k)).sum()
        ious.append(both / either.clamp(min=1))
    return torch.stack(ious).mean()


train_x, train_y = draw(160)
val_x, val_y = draw(40)
net = FCN()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(5):
    net.train()
    total = 0.0
    for idx in torch.randperm(len(train_x)).split(16):
        loss = F.cross_entropy(net(train_x[idx]), train_y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx)
    print(f"epoch {epoch}: loss {total / len(train_x):.4f}")
net.eval()
with torch.no_grad():
    scores = net(val_x)
finish(net, scores, mean_iou=mean_iou(scores, val_y))
