"""Accumulates over micro-batches of unequal length; the sum of the losses is divided by the number of tokens of all."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
WORDS, PAD, MICRO, ACCUM = 30, 0, 8, 4


def micro_batch():
    lengths = torch.randint(3, 20, (MICRO,))
    start = torch.randint(0, WORDS - 1, (MICRO, 1))
    tokens = 1 + (start + torch.arange(21) * torch.randint(1, 3, (MICRO, 1))) % (WORDS - 1)
    tokens[torch.arange(21) > lengths[:, None]] = PAD
    return tokens[:, :-1], tokens[:, 1:]


class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(WORDS, 32, padding_idx=PAD)
        self.mix = nn.Conv1d(32, 64, 3)
        self.answer = nn.Linear(64, WORDS)

    def forward(self, x):
        h = F.pad(self.embed(x).transpose(1, 2), (2, 0))
        return self.answer(F.relu(self.mix(h)).transpose(1, 2))


reader = Reader()
optimizer = torch.optim.AdamW(reader.parameters(), lr=4e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=4e-3, total_steps=130)
for step in range(130):
    batches = [micro_batch() for _ in range(ACCUM)]
    tokens = sum((target != PAD).sum() for _, target in batches)
    optimizer.zero_grad()
    total = 0.0
    for x, target in batches:
        summed = F.cross_entropy(reader(x).flatten(0, 1), target.flatten(), ignore_index=PAD, reduction="sum")
        (summed / tokens).backward()
        total += summed.item()
    optimizer.step()
    scheduler.step()
    if step % 30 == 0:
        print(step, total / tokens.item())
with torch.no_grad():
    x, target = micro_batch()
    out = reader(x)
right = (out.argmax(-1) == target)[target != PAD].float().mean()
finish(reader, out, accuracy=right)
