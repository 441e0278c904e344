"""gpt-from-scratch: pretrain a byte GPT in bf16"""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 1337)

n_embd, n_head, n_layer, block_size, vocab = 64, 4, 2, 24, 40
max_lr, batch_size, max_steps = 1e-4, 16, 250
dtype = torch.bfloat16


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.qkv, self.proj = nn.Linear(n_embd, 3 * n_embd), nn.Linear(n_embd, n_embd)

    def forward(self, x):
        B, T, C = x.shape
        q, k, v = self.qkv(x).view(B, T, 3, n_head, C // n_head).permute(2, 0, 3, 1, 4)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.proj(y.transpose(1, 2).reshape(B, T, C))


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.attn, self.ln2 = nn.LayerNorm(n_embd), Attention(), nn.LayerNorm(n_embd)
        self.mlp = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.GELU(), nn.Linear(4 * n_embd, n_embd))

    def forward(self, x):
        x = x + self.attn(self.ln1(x))
        return x + self.mlp(self.ln2(x))


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, n_embd), nn.Embedding(block_size, n_embd)
        self.h = nn.Sequential(*[Layer() for _ in range(n_layer)])
        self.ln_f, self.lm_head = nn.LayerNorm(n_embd), nn.Linear(n_embd, vocab, bias=False)

    def forward(self, idx):
        x = self.wte(idx) + self.wpe(torch.arange(idx.shape[1]))
        return self.lm_head(self.ln_f(self.h(x)))


successor = torch.randint(0, vocab, (vocab, 4))


def text(n):
    out = torch.empty(n, dtype=torch.long)
    out[0] = 0
    pick = torch.randint(0, 4, (n,)).tolist()
    table, row = successor.tolist(), 0
    for i in range(1, n):
        row = table[row][pick[i]]
        out[i] = row
    return out


tokens = text(20000)


def batch(split):
    lo, hi = (0, 18000) if split == "train" else (18000, 20000 - block_size - 1)
    at = torch.randint(lo, hi - block_size, (batch_size,))
    chunk = torch.stack([tokens[i : i + block_size + 1] for i in at])
    return chunk[:, :-1], chunk[:, 1:]


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=max_lr, betas=(0.9, 0.95), weight_decay=0.1)
for step in range(max_steps):
    x, y = batch("train")
    with torch.autocast("cpu", dtype=dtype):
        logits = model(x)
    loss = F.cross_entropy(logits.float().view(-1, vocab), y.reshape(-1))
    loss.backward()
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    if step % 40 == 0:
        print(f"step {step:4d} | loss {loss.item():.4f} | norm {norm.item():.3f}")

with torch.no_grad():
    pairs = [batch("val") for _ in range(10)]
    outs = [model(x).float() for x, _ in pairs]
    val = sum(F.cross_entropy(o.view(-1, vocab), y.reshape(-1)) for o, (_, y) in zip(outs, pairs)) / 10
finish(model, outs[-1], loss=val)
