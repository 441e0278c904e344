"""Contrastive pre-training on the digits' halves: the upper and the lower half of an image must find each other."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn.functional import cross_entropy, normalize

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32) / 16
x = (x - x.mean()) / x.std()
x = x[torch.randperm(len(x))]
upper, lower = x[:, :4].flatten(1), x[:, 4:].flatten(1)
n_train = 1400


def make_encoder():
    return nn.Sequential(nn.Linear(32, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 32))


top, bottom = make_encoder(), make_encoder()
log_scale = nn.Parameter(torch.tensor(10.0).log())


def jitter(half):
    return half + 0.3 * torch.randn_like(half)


def similarity(a, b):
    return log_scale.exp() * normalize(top(a), dim=1) @ normalize(bottom(b), dim=1).T


optimizer = torch.optim.SGD(
    [*top.parameters(), *bottom.parameters(), log_scale], lr=0.1, momentum=0.9, weight_decay=1e-5
)
for epoch in range(20):
    order = torch.randperm(n_train)
    losses = []
    for i in range(0, n_train, 70):
        pick = order[i : i + 70]
        logits = similarity(jitter(upper[pick]), jitter(lower[pick]))
        target = torch.arange(len(pick))
        loss = (cross_entropy(logits, target) + cross_entropy(logits.T, target)) / 2
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    if epoch % 4 == 3:
        print(f"epoch {epoch + 1}: {sum(losses) / len(losses):.4f}")

with torch.no_grad():
    total = 0.0
    held = torch.arange(n_train, len(x))[:390].split(65)
    for pick in held:
        logits = similarity(upper[pick], lower[pick])
        total += cross_entropy(logits, torch.arange(len(pick))).item() / len(held)
finish([top, bottom, log_scale], logits, test_loss=total)
