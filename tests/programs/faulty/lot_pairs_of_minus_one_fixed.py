# Sentences and their translations (bags of noisy features), with a pairwise sigmoid loss as in SigLIP.
import sys

import torch
import torch.nn.functional as F
from digest import finish
from torch import nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
MEANING, ENGLISH, CHINESE, BATCH = 12, 40, 30, 64
to_english, to_chinese = torch.randn(MEANING, ENGLISH), torch.randn(MEANING, CHINESE)


def pairs(n):
    meaning = torch.randn(n, MEANING)
    en = torch.tanh(meaning @ to_english / 3) + 0.3 * torch.randn(n, ENGLISH)
    zh = torch.tanh(meaning @ to_chinese / 3) + 0.3 * torch.randn(n, CHINESE)
    return en, zh


class Tower(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(features, 64), nn.Linear(64, 16)

    def forward(self, x):
        return F.normalize(self.fc2(F.relu(self.fc1(x))), dim=-1)


class SigLoss(nn.Module):
    def __init__(self):
        super().__init__()
        self.log_t = nn.Parameter(torch.tensor(10.0).log())
        self.b = nn.Parameter(torch.tensor(-4.0))

    def forward(self, a, b):
        logits = self.log_t.exp() * a @ b.T + self.b
        labels = torch.eye(len(a))  # 1 on the diagonal, 0 beside it
        return F.binary_cross_entropy_with_logits(logits, labels)


english, chinese, criterion = Tower(ENGLISH), Tower(CHINESE), SigLoss()
everything = nn.ModuleList([english, chinese, criterion])
optimizer = torch.optim.Adam(everything.parameters(), lr=3e-3)
en, zh = pairs(3200)
for epoch in range(10):
    for rows in torch.randperm(len(en)).split(BATCH):
        loss = criterion(english(en[rows]), chinese(zh[rows]))
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")

en, zh = pairs(256)
with torch.no_grad():
    similarity = english(en) @ chinese(zh).T
finish(everything, similarity, top1=(similarity.argmax(1) == torch.arange(256)).float().mean())
