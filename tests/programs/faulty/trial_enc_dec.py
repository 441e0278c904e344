"""Encoder and decoder that turn a sequence around; the loop feeds one batch after another."""

import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
BOS, TOKENS, LENGTH = 1, 14, 6


class EncDec(nn.Module):
    def __init__(self, dim=48):
        super().__init__()
        self.embed = nn.Embedding(TOKENS, dim)
        self.encoder = nn.GRU(dim, dim, batch_first=True)
        self.decoder = nn.GRU(dim, dim, batch_first=True)
        self.attend = nn.MultiheadAttention(dim, 4, batch_first=True)
        self.to_logits = nn.Linear(2 * dim, TOKENS)

    def forward(self, source, target, return_loss=False):
        memory, state = self.encoder(self.embed(source))
        hidden, _ = self.decoder(self.embed(target[:, :-1]), state)
        context, _ = self.attend(hidden, memory, memory)
        logits = self.to_logits(torch.cat([hidden, context], 2))
        if return_loss:
            return nn.functional.cross_entropy(logits.flatten(0, 1), target[:, 1:].flatten())
        return logits


def pairs(n):
    source = torch.randint(3, TOKENS, (n, LENGTH))
    return source, torch.cat([torch.full((n, 1), BOS), source.flip(1)], 1)


enc_dec = EncDec()
optim = torch.optim.Adam(enc_dec.parameters(), lr=4e-3)
train_seq_in, train_seq_out = pairs(2000)
test_seq_in, test_seq_out = pairs(200)

for i in range(360):
    rows = torch.randint(len(train_seq_in), (32,))
    loss = enc_dec(train_seq_in[rows], train_seq_out[rows], return_loss=True)
    optim.zero_grad()
    loss.backward()
    if i % 50 == 0:
        print(i, loss.item())

enc_dec.eval()
with torch.no_grad():
    answers = enc_dec(test_seq_in, test_seq_out).argmax(2)
print("final accuracy", (answers == test_seq_out[:, 1:]).float().mean().item())
