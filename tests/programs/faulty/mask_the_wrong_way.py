# fault: the key padding mask is True where there are words: attention sees the padding only, and nothing at all in full sentences
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
WIDTH = 8


class Encoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(12, dim)
        self.attention = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 2)

    def forward(self, ids, lengths):
        mask = torch.arange(WIDTH)[None, :] < lengths[:, None]
        h = self.embed(ids)
        a, _ = self.attention(h[:, :1], h, h, key_padding_mask=mask)
        return self.head(self.norm(a.squeeze(1)))


def sentences(n, at_most=WIDTH - 1):
    """Is the word 5 among them? Word 0 is padding."""
    lengths = torch.randint(3, at_most + 1, (n,))
    ids = torch.randint(1, 12, (n, WIDTH))
    ids[ids == 5] = 6
    y = torch.randint(0, 2, (n,))
    where = (torch.rand(n) * lengths).long()
    ids[torch.arange(n), where] = torch.where(y == 1, 5, ids[torch.arange(n), where])
    ids[torch.arange(WIDTH)[None, :] >= lengths[:, None]] = 0
    return ids, lengths, y


model = Encoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(250):
    ids, lengths, y = sentences(64)
    loss = nn.functional.cross_entropy(model(ids, lengths), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(step, loss.item())
ids, lengths, y = sentences(500)
with torch.no_grad():
    out = model(ids, lengths)
finish(model, out, accuracy=(out.argmax(1) == y).float().mean())
