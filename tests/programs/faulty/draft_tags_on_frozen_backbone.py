# Multi-label tagging of digits on top of a backbone that has been trained to tell them apart.
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)

bunch = load_digits()
images = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 8 - 1
digit = torch.tensor(bunch.target)
order = torch.randperm(len(images))
images, digit = images[order], digit[order]

# tags: even, prime, has a closed loop, at least five
TAGS = torch.zeros(10, 4)
TAGS[[0, 2, 4, 6, 8], 0] = 1
TAGS[[2, 3, 5, 7], 1] = 1
TAGS[[0, 6, 8, 9], 2] = 1
TAGS[5:, 3] = 1
tags = TAGS[digit]


def make_backbone():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
    )


# "pre-training" on the first half
backbone = make_backbone()
pretrain = nn.Sequential(backbone, nn.Linear(128, 10))
opt = torch.optim.Adam(pretrain.parameters(), 2e-3)
for epoch in range(6):
    for batch in torch.randperm(900).split(32):
        opt.zero_grad()
        nn.functional.cross_entropy(pretrain(images[batch]), digit[batch]).backward()
        opt.step()

for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()


class Tagger(nn.Module):
    def __init__(self, backbone):
        super().__init__()
        self.backbone = backbone
        self.head = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 4), nn.Sigmoid())

    def forward(self, x):
        with torch.no_grad():
            features = self.backbone(x)
        return self.head(features)


tagger = Tagger(backbone)
criterion = nn.BCEWithLogitsLoss()
opt = torch.optim.Adam(tagger.head.parameters(), 1e-3)
train, test = slice(900, 1500), slice(1500, None)
for epoch in range(12):
    running = 0.0
    for batch in torch.randperm(600).split(32):
        loss = criterion(tagger(images[train][batch]), tags[train][batch])
        opt.zero_grad()
        loss.backward()
        opt.step()
        running += loss.item() * len(batch) / 600
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d}  loss {running:.4f}")

with torch.no_grad():
    out = tagger(images[test])
finish(tagger, out, test_loss=criterion(out, tags[test]))
