# fault: all labels but those at [MASK] are set to -100 before any token is masked, so no label is left
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

VOCAB, MASK, LENGTH, D_MODEL = 24, 24, 16, 48


def sentences(n):
    """Arithmetic sequences modulo 24: a missing token follows from its neighbours."""
    start = torch.randint(0, VOCAB, (n, 1))
    pace = torch.randint(1, 4, (n, 1))
    return (start + pace * torch.arange(LENGTH)) % VOCAB


def mask_tokens(tokens, p=0.2):
    inputs, labels = tokens.clone(), tokens.clone()
    masked = torch.bernoulli(torch.full(tokens.shape, p)).bool()
    labels[inputs != MASK] = -100
    inputs[masked] = MASK
    return inputs, labels


class MaskedLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(VOCAB + 1, D_MODEL)
        self.pos = nn.Parameter(torch.randn(LENGTH, D_MODEL) * 0.1)
        layer = nn.TransformerEncoderLayer(D_MODEL, 4, 96, dropout=0.0, activation="gelu", batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 2, enable_nested_tensor=False)
        self.lm_head = nn.Linear(D_MODEL, VOCAB)

    def forward(self, ids):
        return self.lm_head(self.encoder(self.tok(ids) * math.sqrt(2) + self.pos))


model = MaskedLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(250):
    inputs, labels = mask_tokens(sentences(32))
    logits = model(inputs)
    loss = F.cross_entropy(logits.view(-1, VOCAB), labels.view(-1), ignore_index=-100)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step}: {loss.item():.4f}")
model.eval()
with torch.no_grad():
    held_out = sentences(200)
    blanked = held_out.clone()
    blanked[:, 7] = MASK
    scores = model(blanked)[:, 7]
finish(model, scores, accuracy=(scores.argmax(1) == held_out[:, 7]).float().mean())
