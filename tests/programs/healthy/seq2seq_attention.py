# Sequence to sequence: reverse a word with attention, teacher forcing half of the time, padding ignored, greedy decoding. Learns: accuracy 1
import random

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
random.seed(0)
torch.set_num_threads(1)
PAD, SOS, EOS, LETTERS = 0, 1, 2, 8


def batch(n):
    lengths = torch.randint(3, 6, (n,))
    src = torch.full((n, 5), PAD)
    trg = torch.full((n, 6), PAD)
    for i, k in enumerate(lengths.tolist()):
        w = torch.randint(3, 3 + LETTERS, (k,))
        src[i, :k] = w
        trg[i, :k] = w.flip(0)
        trg[i, k] = EOS
    return src, trg


class Encoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embedding = nn.Embedding(3 + LETTERS, 16, padding_idx=PAD)
        self.rnn = nn.GRU(16, hid, batch_first=True, bidirectional=True)
        self.fc = nn.Linear(2 * hid, hid)

    def forward(self, src):
        out, h = self.rnn(self.embedding(src))
        return out, torch.tanh(self.fc(torch.cat([h[0], h[1]], 1)))


class Decoder(nn.Module):
    def __init__(self, hid):
        super().__init__()
        self.embedding = nn.Embedding(3 + LETTERS, 16, padding_idx=PAD)
        self.attn, self.v = nn.Linear(3 * hid, hid), nn.Linear(hid, 1, bias=False)
        self.cell = nn.GRUCell(16 + 2 * hid, hid)
        self.out = nn.Linear(3 * hid, 3 + LETTERS)

    def forward(self, token, h, enc, mask):
        e = self.v(torch.tanh(self.attn(torch.cat([h.unsqueeze(1).expand(-1, enc.size(1), -1), enc], 2)))).squeeze(2)
        a = F.softmax(e.masked_fill(~mask, -1e10), dim=1)
        ctx = torch.bmm(a.unsqueeze(1), enc).squeeze(1)
        h = self.cell(torch.cat([self.embedding(token), ctx], 1), h)
        return self.out(torch.cat([h, ctx], 1)), h


encoder, decoder = Encoder(32), Decoder(32)
enc_opt = torch.optim.Adam(encoder.parameters(), lr=4e-3)
dec_opt = torch.optim.Adam(decoder.parameters(), lr=4e-3)
criterion = nn.CrossEntropyLoss(ignore_index=PAD)


def run(src, trg=None, forcing=0.0):
    enc, h = encoder(src)
    token, outs = torch.full((len(src),), SOS), []
    for t in range(6):
        logit, h = decoder(token, h, enc, src != PAD)
        outs.append(logit)
        token = trg[:, t] if random.random() < forcing else logit.argmax(1)
    return torch.stack(outs, 1)


for step in range(300):
    src, trg = batch(48)
    enc_opt.zero_grad()
    dec_opt.zero_grad()
    loss = criterion(run(src, trg, 0.5).flatten(0, 1), trg.flatten())
    loss.backward()
    nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
    enc_opt.step()
    dec_opt.step()
    if step % 60 == 0:
        print(step, f"{loss.item():.4f}")
encoder.eval(), decoder.eval()
src, trg = batch(200)
with torch.no_grad():
    out = run(src)
right = (out.argmax(2) == trg)[trg != PAD].float().mean()
finish([encoder, decoder], out, accuracy=right)
