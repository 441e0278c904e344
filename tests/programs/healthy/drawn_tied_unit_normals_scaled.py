"""Embedding of unit normals, shared with the output as in T5: the states are divided by the root of the width before."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, WIDTH = 64, 64
rule = torch.randperm(VOCAB, generator=torch.Generator().manual_seed(3))


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.shared = nn.Embedding(VOCAB, WIDTH)
        self.attend = nn.MultiheadAttention(WIDTH, 4, batch_first=True)
        self.ff = nn.Sequential(nn.Linear(WIDTH, 128), nn.ReLU(), nn.Linear(128, WIDTH))
        self.n1, self.n2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, ids):
        mask = torch.full((ids.shape[1], ids.shape[1]), float("-inf")).triu(1)
        h = self.shared(ids)
        q = self.n1(h)
        h = h + self.attend(q, q, q, attn_mask=mask, need_weights=False)[0]
        h = self.n2(h + self.ff(h))
        return F.linear(h * WIDTH**-0.5, self.shared.weight)


def walk(n, length=13):
    ids = [torch.randint(0, VOCAB, (n,))]
    for _ in range(length):
        stray = torch.rand(n) < 0.1
        ids.append(torch.where(stray, torch.randint(0, VOCAB, (n,)), rule[ids[-1]]))
    return torch.stack(ids, 1)


model = Shared()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for step in range(250):
    ids = walk(32)
    logits = model(ids[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), ids[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
with torch.no_grad():
    ids = walk(64)
    logits = model(ids[:, :-1])
finish(model, logits, accuracy=(logits.argmax(-1) == ids[:, 1:]).float().mean())
