import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
V, D, T = 120, 96, 24

g = torch.Generator().manual_seed(1)
after = torch.randint(0, V, (V, 3), generator=g)  # each word has three likely followers


def sample(n):
    words = [torch.randint(0, V, (n,))]
    for _ in range(T):
        nxt = after[words[-1], torch.randint(0, 3, (n,))]
        rare = torch.rand(n) < 0.1
        words.append(torch.where(rare, torch.randint(0, V, (n,)), nxt))
    return torch.stack(words, 1)


class TinyLM(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte = nn.Embedding(V, D)
        nn.init.normal_(self.wte.weight, std=0.02)
        self.mlp = nn.Sequential(nn.LayerNorm(D), nn.Linear(D, 2 * D), nn.GELU(), nn.Linear(2 * D, D))
        self.ln_f = nn.LayerNorm(D)
        self.lm_head = nn.Linear(D, V, bias=False)
        self.lm_head.weight = self.wte.weight  # weight tying

    def forward(self, idx):
        h = self.wte(idx)
        h = h + self.mlp(h)
        return self.lm_head(self.ln_f(h))


lm = TinyLM()
opt = torch.optim.AdamW(lm.parameters(), lr=1e-3)
for it in range(200):
    batch = sample(16)
    logits = lm(batch[:, :-1])
    loss = F.cross_entropy(logits.reshape(-1, V), batch[:, 1:].reshape(-1))
    opt.zero_grad(set_to_none=True)
    loss.backward()
    opt.step()
    if it % 80 == 0:
        print(f"iter {it}: loss {loss.item():.4f}")

with torch.no_grad():
    held = sample(100)
    logits = lm(held[:, :-1])
    val = F.cross_entropy(logits.reshape(-1, V), held[:, 1:].reshape(-1))
print("validation", val.item())
finish(lm, logits, loss=val)
