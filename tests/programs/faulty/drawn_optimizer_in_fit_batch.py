import sys

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch import nn, optim

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

bunch = load_digits()
x = torch.tensor(bunch.images, dtype=torch.float32).unsqueeze(1) / 8 - 0.6
y = torch.tensor(bunch.target)
source = (y < 5).nonzero().squeeze(1)
goal = (y >= 5).nonzero().squeeze(1)


class Backbone(nn.Module):
    def __init__(self):
        super().__init__()
        self.c1 = nn.Conv2d(1, 12, 3, padding=1)
        self.c2 = nn.Conv2d(12, 24, 3, padding=1)

    def forward(self, img):
        h = F.max_pool2d(F.relu(self.c1(img)), 2)
        return F.relu(self.c2(h)).flatten(1)


# --- stage one: digits 0 to 4 ------------------------------------------------
backbone, first_head = Backbone(), nn.Linear(24 * 16, 5)
pre = optim.Adam([*backbone.parameters(), *first_head.parameters()], lr=2e-3)
for _ in range(80):
    idx = source[torch.randint(len(source), (40,))]
    pre.zero_grad()
    F.cross_entropy(first_head(backbone(x[idx])), y[idx]).backward()
    pre.step()

# --- stage two: digits 5 to 9 on frozen features -----------------------------
for p in backbone.parameters():
    p.requires_grad = False
backbone.eval()
head = nn.Linear(24 * 16, 5)
train_idx, test_idx = goal[:500], goal[500:]


def fit_batch(images, targets):
    opt = optim.SGD(head.parameters(), lr=3e-4, momentum=0.97, nesterov=True)
    with torch.no_grad():
        feats = backbone(images)
    loss = F.cross_entropy(head(feats), targets)
    opt.zero_grad()
    loss.backward()
    opt.step()
    return loss.item()


for epoch in range(10):
    losses = [fit_batch(x[b], y[b] - 5) for b in train_idx[torch.randperm(500)].split(20)]
    if epoch % 3 == 0:
        print("epoch", epoch, sum(losses) / len(losses))

with torch.no_grad():
    out = head(backbone(x[test_idx]))
finish([backbone, head], out, loss=F.cross_entropy(out, y[test_idx] - 5))
