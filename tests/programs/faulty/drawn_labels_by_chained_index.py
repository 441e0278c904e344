# masked language model, embedding and decoder share their matrix
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
PAD, MASK, FIRST, VOCAB = 0, 1, 2, 40
LEN, DIM = 14, 48


def sentences(n):
    start = torch.randint(0, VOCAB - FIRST, (n, 1))
    stride = torch.randint(1, 5, (n, 1))
    return FIRST + (start + stride * torch.arange(LEN)) % (VOCAB - FIRST)


def collate(tokens):
    chosen = torch.rand(tokens.shape) < 0.15
    chosen[:, 3] = True
    labels = torch.full_like(tokens, PAD)
    labels[chosen].copy_(tokens[chosen])
    return tokens.masked_fill(chosen, MASK), labels, chosen


class MiniBert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(VOCAB, DIM)
        self.places = nn.Embedding(LEN, DIM)
        nn.init.normal_(self.words.weight, std=0.05)
        nn.init.normal_(self.places.weight, std=0.05)
        layer = nn.TransformerEncoderLayer(DIM, 4, 96, dropout=0.0, batch_first=True, activation="gelu")
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.bias = nn.Parameter(torch.zeros(VOCAB))

    def forward(self, ids):
        h = self.encoder(self.words(ids) + self.places.weight)
        return h @ self.words.weight.t() + self.bias


bert = MiniBert()
opt = torch.optim.Adam(bert.parameters(), lr=1e-3, betas=(0.9, 0.98))
for step in range(500):
    ids, labels, chosen = collate(sentences(24))
    logits = bert(ids)
    loss = F.cross_entropy(logits[chosen], labels[chosen])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, loss.item())

bert.eval()
with torch.no_grad():
    tokens = sentences(200)
    ids = tokens.clone()
    ids[:, 5] = MASK
    logits = bert(ids)[:, 5]
finish(bert, logits, accuracy=(logits.argmax(1) == tokens[:, 5]).float().mean())
