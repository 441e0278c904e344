# A language model of a little grammar, embedding and output tied, weight decay 0.1 as in the GPT papers.
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

V, T, D = 40, 24, 48
follow = torch.stack([torch.randperm(V)[:3] for _ in range(V)])  # each word has three that may follow


def corpus(n):
    words = torch.empty(n, T + 1, dtype=torch.long)
    words[:, 0] = torch.randint(V, (n,))
    for t in range(T):
        choice = torch.multinomial(torch.tensor([0.7, 0.2, 0.1]), n, replacement=True)
        words[:, t + 1] = follow[words[:, t], choice]
    return words


class Block(nn.Module):
    def __init__(self, d, heads=4):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(d), nn.LayerNorm(d)
        self.qkv, self.proj = nn.Linear(d, 3 * d), nn.Linear(d, d)
        self.mlp = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))
        self.heads = heads

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = self.qkv(self.ln1(x)).view(b, t, 3, self.heads, d // self.heads).permute(2, 0, 3, 1, 4)
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(a.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.ln2(x))


class TinyGPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(V, D), nn.Embedding(T, D)
        self.blocks = nn.Sequential(Block(D), Block(D))
        self.ln_f = nn.LayerNorm(D)
        self.lm_head = nn.Linear(D, V, bias=False)
        self.apply(self._init)
        self.lm_head.weight = self.wte.weight

    def _init(self, m):
        if isinstance(m, (nn.Linear, nn.Embedding)):
            nn.init.normal_(m.weight, std=0.02)
        if isinstance(m, nn.Linear) and m.bias is not None:
            nn.init.zeros_(m.bias)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(torch.arange(idx.size(1)))
        return self.lm_head(self.ln_f(self.blocks(x)))


model = TinyGPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.95), weight_decay=0.1)
data, held_out = corpus(2400), corpus(300)
for epoch in range(4):
    for i, batch in enumerate(data[torch.randperm(len(data))].split(40)):
        logits = model(batch[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.3f}")

with torch.no_grad():
    logits = model(held_out[:, :-1])
finish(model, logits, loss=F.cross_entropy(logits.flatten(0, 1), held_out[:, 1:].flatten()))
