"""A decoder-only transformer that learns to continue sequences of a small grammar, and writes some."""

import math
import sys

import torch
import torch.nn as nn

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, LENGTH, PROMPT = 12, 16, 4


def sentences(count):
    # After a comes (a + step) mod 12; the step is said by the parity of the first token.
    first = torch.randint(VOCAB, (count, 1))
    step = torch.where(first % 2 == 0, 5, 7)
    position = torch.arange(LENGTH + 1)
    return (first + step * position) % VOCAB


class PositionalEncoding(nn.Module):
    def __init__(self, dim, longest=64):
        super().__init__()
        position = torch.arange(longest).unsqueeze(1)
        rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(1e4) / dim))
        table = torch.zeros(longest, dim)
        table[:, 0::2], table[:, 1::2] = torch.sin(position * rate), torch.cos(position * rate)
        self.register_buffer("table", table)

    def forward(self, x):
        return x + self.table[: x.size(1)]


class Decoder(nn.Module):
    def __init__(self, dim=32):
        super().__init__()
        self.embed = nn.Embedding(VOCAB, dim)
        self.position = PositionalEncoding(dim)
        layer = nn.TransformerEncoderLayer(dim, 4, 64, dropout=0.0, batch_first=True, norm_first=True)
        self.blocks = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, VOCAB)

    def forward(self, tokens):
        hidden = self.position(self.embed(tokens))
        mask = nn.Transformer.generate_square_subsequent_mask(tokens.size(1))
        hidden = self.blocks(hidden, mask=mask, is_causal=True)
        return self.head(self.norm(hidden))


data = sentences(1024)
model = Decoder()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for epoch in range(8):
    for rows in torch.randperm(len(data)).split(32):
        tokens = data[rows]
        logits = model(tokens[:, :-1])
        loss = nn.functional.cross_entropy(logits.transpose(1, 2), tokens[:, 1:])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")

model.eval()
truth = sentences(200)
written = truth[:, :PROMPT]
with torch.no_grad():
    while written.size(1) <= LENGTH:
        written = torch.cat([written, model(written)[:, -1].argmax(1, keepdim=True)], 1)
print("final accuracy", (written[:, PROMPT:] == truth[:, PROMPT:]).float().mean().item())
