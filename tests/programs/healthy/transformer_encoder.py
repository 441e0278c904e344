# nn.TransformerEncoder on integer tokens (which token is most frequent), padding mask, Noam-like warm-up. Learns: MEASURED
import math

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
VOCAB, LENGTH, PAD, D = 6, 12, 0, 32


def make_batch(n):
    tokens = torch.randint(1, VOCAB, (n, LENGTH))
    lengths = torch.randint(6, LENGTH + 1, (n, 1))
    tokens[torch.arange(LENGTH) >= lengths] = PAD
    counts = torch.stack([(tokens == k).sum(1) for k in range(1, VOCAB)], 1)
    return tokens, counts.argmax(1)


class PositionalEncoding(nn.Module):
    def __init__(self, d_model, max_len=64):
        super().__init__()
        position = torch.arange(max_len).unsqueeze(1)
        div = torch.exp(torch.arange(0, d_model, 2) * (-math.log(10000.0) / d_model))
        pe = torch.zeros(max_len, d_model)
        pe[:, 0::2] = torch.sin(position * div)
        pe[:, 1::2] = torch.cos(position * div)
        self.register_buffer("pe", pe)

    def forward(self, x):
        return x + self.pe[: x.size(1)]


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, D, padding_idx=PAD)
        self.pos = PositionalEncoding(D)
        layer = nn.TransformerEncoderLayer(D, nhead=4, dim_feedforward=64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, num_layers=2, enable_nested_tensor=False)
        self.head = nn.Linear(D, VOCAB - 1)

    def forward(self, tokens):
        mask = tokens == PAD
        h = self.encoder(self.pos(self.embed(tokens) * math.sqrt(D)), src_key_padding_mask=mask)
        h = h.masked_fill(mask.unsqueeze(-1), 0).sum(1) / (~mask).sum(1, keepdim=True)
        return self.head(h)


model = Classifier()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3, betas=(0.9, 0.98), eps=1e-9)
scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min((s + 1) / 40, (40 / (s + 1)) ** 0.5))
for step in range(160):
    tokens, label = make_batch(64)
    loss = nn.functional.cross_entropy(model(tokens), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    if step % 40 == 0:
        print(f"step {step} | loss {loss.item():.4f} | lr {scheduler.get_last_lr()[0]:.2e}")

model.eval()
tokens, label = make_batch(1000)
with torch.no_grad():
    logits = model(tokens)
finish(model, logits, accuracy=(logits.argmax(-1) == label).float().mean())
