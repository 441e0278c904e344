"""A new, deep head on a frozen backbone: how far the features of six digits carry to the other four."""

import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
data = load_digits()
x = (torch.tensor(data.data, dtype=torch.float32) - 4.88) / 6.02
y = torch.tensor(data.target)
old, new = y < 6, y >= 6

backbone = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU())
first_head = nn.Linear(96, 6)
optimizer = torch.optim.Adam([*backbone.parameters(), *first_head.parameters()], lr=1e-3)
x_old, y_old = x[old], y[old]
for epoch in range(10):
    for idx in torch.randperm(len(x_old)).split(64):
        optimizer.zero_grad()
        nn.functional.cross_entropy(first_head(backbone(x_old[idx])), y_old[idx]).backward()
        optimizer.step()
print("backbone trained")

for p in backbone.parameters():
    p.requires_grad_(False)


def init_head(m):
    if isinstance(m, nn.Linear):
        nn.init.uniform_(m.weight, -0.5, 0.5)
        nn.init.zeros_(m.bias)


blocks = []
for _ in range(5):
    blocks += [nn.Linear(96, 96), nn.ReLU()]
head = nn.Sequential(*blocks, nn.Linear(96, 4))
head.apply(init_head)

x_new, y_new = x[new], y[new] - 6
perm = torch.randperm(len(x_new))
train, test = perm[:400], perm[400:]
optimizer = torch.optim.SGD(head.parameters(), lr=0.01)
for epoch in range(20):
    total = 0.0
    for idx in train[torch.randperm(len(train))].split(25):
        with torch.no_grad():
            features = backbone(x_new[idx])
        loss = nn.functional.cross_entropy(head(features), y_new[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(idx) / len(train)
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}: loss {total:.4f}")

with torch.no_grad():
    logits = head(backbone(x_new[test]))
    loss = nn.functional.cross_entropy(logits, y_new[test])
print("accuracy", (logits.argmax(1) == y_new[test]).float().mean().item())
finish([backbone, head], logits, test_loss=loss)
