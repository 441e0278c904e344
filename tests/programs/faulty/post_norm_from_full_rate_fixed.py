# fixed: the rate rises over the first 150 steps
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

D, LAYERS, VOCAB, LENGTH = 32, 10, 20, 10
PEAK, STEPS, WARM_UP = 3e-3, 300, 150


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.attention = nn.MultiheadAttention(D, 4, batch_first=True)
        self.feed_forward = nn.Sequential(nn.Linear(D, 4 * D), nn.ReLU(), nn.Linear(4 * D, D))
        self.norm1, self.norm2 = nn.LayerNorm(D), nn.LayerNorm(D)

    def forward(self, x):
        x = self.norm1(x + self.attention(x, x, x, need_weights=False)[0])
        return self.norm2(x + self.feed_forward(x))


class Reverser(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCAB, D)
        self.places = nn.Embedding(LENGTH, D)
        self.blocks = nn.Sequential(*(Block() for _ in range(LAYERS)))
        self.head = nn.Linear(D, VOCAB)

    def forward(self, ids):
        return self.head(self.blocks(self.tokens(ids) + self.places.weight))


model = Reverser()
for p in model.parameters():
    if p.dim() > 1:
        nn.init.xavier_uniform_(p)
optimizer = torch.optim.Adam(model.parameters(), lr=PEAK, betas=(0.9, 0.98))
schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / max(1, WARM_UP)))
for step in range(STEPS):
    ids = torch.randint(0, VOCAB, (32, LENGTH))
    loss = F.cross_entropy(model(ids).flatten(0, 1), ids.flip(1).flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 60 == 0:
        print(f"{step:4d} {loss.item():.3f}")
with torch.no_grad():
    ids = torch.randint(0, VOCAB, (200, LENGTH))
    out = model(ids)
finish(model, out, accuracy=(out.argmax(-1) == ids.flip(1)).float().mean())
