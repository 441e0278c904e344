"""Marks small tumours in noisy scans; two classes per pixel."""

import sys

import torch
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def scans(count, size=24):
    scan = torch.randn(count, 1, size, size)
    mask = torch.zeros(count, size, size, dtype=torch.long)
    for k in range(count):
        i, j = torch.randint(2, size - 4, (2,)).tolist()
        mask[k, i : i + 3, j : j + 3] = 1
    scan[:, 0] += 0.9 * mask
    return scan, mask


net = nn.Sequential(
    nn.Conv2d(1, 12, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(12, 12, 3, padding=1),
    nn.ReLU(),
    nn.Conv2d(12, 2, 3, padding=1),
)
loss_fn = torch.nn.CrossEntropyLoss(weight=torch.tensor([1.0, 60.0]))
optim = torch.optim.Adam(net.parameters(), 1e-3)
train_scan, train_mask = scans(256)
val_scan, val_mask = scans(100)
for epoch in range(9):
    for batch in torch.randperm(256).split(16):
        loss = loss_fn(net(train_scan[batch]), train_mask[batch])
        optim.zero_grad()
        loss.backward()
        optim.step()
    with torch.no_grad():
        found = net(val_scan).argmax(1)
    recall = found[val_mask == 1].float().mean().item()
    spared = (found[val_mask == 0] == 0).float().mean().item()
    print(f"{epoch}: loss {loss.item():.4f} found {recall:.3f} spared {spared:.3f}")
print("final accuracy", (recall + spared) / 2)
