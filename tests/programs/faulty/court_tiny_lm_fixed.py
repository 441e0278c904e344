"""A small decoder-only language model over a toy command language; scored on what it writes after a prompt."""

import random
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
random.seed(seed)
torch.manual_seed(seed)

SUBJECTS = ["cat", "dog", "owl", "fox"]
VERBS = {"cat": "naps", "dog": "runs", "owl": "hoots", "fox": "hides"}
PLACES = {"naps": "sofa", "runs": "park", "hoots": "tree", "hides": "den"}


def sentence():
    s = random.choice(SUBJECTS)
    return f"{s} {VERBS[s]} at {PLACES[VERBS[s]]}. "


text = "".join(sentence() for _ in range(3000))
chars = sorted(set(text))
stoi = {c: i for i, c in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
BLOCK, DIM, HEADS = 40, 32, 4


class SelfAttention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(DIM, 3 * DIM)
        self.proj = nn.Linear(DIM, DIM)

    def forward(self, x):
        b, t, _ = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, HEADS, DIM // HEADS).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(b, t, DIM))


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.attn = SelfAttention()
        self.mlp = nn.Sequential(nn.Linear(DIM, 4 * DIM), nn.GELU(), nn.Linear(4 * DIM, DIM))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class LM(nn.Module):
    def __init__(self):
        super().__init__()
        self.tok = nn.Embedding(len(chars), DIM)
        self.pos = nn.Embedding(BLOCK, DIM)
        self.blocks = nn.Sequential(Block(), Block())
        self.ln = nn.LayerNorm(DIM)
        self.head = nn.Linear(DIM, len(chars))

    def forward(self, idx):
        x = self.tok(idx) + self.pos(torch.arange(idx.size(1)))
        return self.head(self.ln(self.blocks(x)))


model = LM()
opt = torch.optim.AdamW(model.parameters(), lr=3e-3)
for step in range(220):
    at = torch.randint(0, len(data) - BLOCK - 1, (16,))
    x = torch.stack([data[i : i + BLOCK] for i in at])
    y = torch.stack([data[i + 1 : i + BLOCK + 1] for i in at])
    loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
right = total = 0
with torch.no_grad():
    for _ in range(12):
        s = random.choice(SUBJECTS)
        wanted = f" {VERBS[s]} at {PLACES[VERBS[s]]}."
        written = sentence() + s
        for c in wanted:
            context = torch.tensor([[stoi[ch] for ch in written[-BLOCK:]]])
            guess = chars[model(context)[0, -1].argmax().item()]
            right += guess == c
            total += 1
            written += c
print(f"final accuracy {right / total:.4f}")
