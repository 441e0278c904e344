"""A tiny character GPT, after the well-known lecture: get_batch, a model, a loop."""

import sys

import torch
import torch.nn as nn
from torch.nn import functional as F

from digest import finish

batch_size = 16
block_size = 24
max_iters = 400
learning_rate = 2e-3
n_embd = 32
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.set_num_threads(1)
torch.manual_seed(seed)

nouns = ["cat", "dog", "king", "queen", "ship", "storm", "rose", "thief", "moon", "owl"]
verbs = ["sees", "loves", "fears", "follows", "finds", "calls"]
picks = torch.randint(10**6, (900, 3), generator=torch.Generator().manual_seed(1337)).tolist()
text = " ".join(f"the {nouns[a % 10]} {verbs[b % 6]} the {nouns[c % 10]}." for a, b, c in picks)
chars = sorted(set(text))
stoi = {ch: i for i, ch in enumerate(chars)}
data = torch.tensor([stoi[c] for c in text])
n = int(0.9 * len(data))
train_data, val_data = data[:n], data[n:]


def get_batch(split):
    d = train_data if split == "train" else val_data
    generator = torch.Generator().manual_seed(1337)
    ix = torch.randint(len(d) - block_size, (batch_size,), generator=generator)
    x = torch.stack([d[i : i + block_size] for i in ix])
    y = torch.stack([d[i + 1 : i + block_size + 1] for i in ix])
    return x, y


class Head(nn.Module):
    def __init__(self, head_size):
        super().__init__()
        self.key = nn.Linear(n_embd, head_size, bias=False)
        self.query = nn.Linear(n_embd, head_size, bias=False)
        self.value = nn.Linear(n_embd, head_size, bias=False)
        self.register_buffer("tril", torch.tril(torch.ones(block_size, block_size)))

    def forward(self, x):
        B, T, C = x.shape
        wei = self.query(x) @ self.key(x).transpose(-2, -1) * self.key.out_features**-0.5
        wei = wei.masked_fill(self.tril[:T, :T] == 0, float("-inf"))
        return F.softmax(wei, dim=-1) @ self.value(x)


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.token_embedding_table = nn.Embedding(len(chars), n_embd)
        self.position_embedding_table = nn.Embedding(block_size, n_embd)
        self.ln1, self.ln2, self.ln_f = (nn.LayerNorm(n_embd) for _ in range(3))
        self.heads = nn.ModuleList([Head(8) for _ in range(4)])
        self.proj = nn.Linear(n_embd, n_embd)
        self.ffwd = nn.Sequential(nn.Linear(n_embd, 4 * n_embd), nn.ReLU(), nn.Linear(4 * n_embd, n_embd))
        self.lm_head = nn.Linear(n_embd, len(chars))

    def forward(self, idx, targets=None):
        x = self.token_embedding_table(idx) + self.position_embedding_table(torch.arange(idx.shape[1]))
        x = x + self.proj(torch.cat([h(self.ln1(x)) for h in self.heads], dim=-1))
        x = x + self.ffwd(self.ln2(x))
        logits = self.lm_head(self.ln_f(x))
        if targets is None:
            return logits, None
        return logits, F.cross_entropy(logits.view(-1, len(chars)), targets.view(-1))


@torch.no_grad()
def estimate_loss():
    out = {}
    model.eval()
    for split, d in (("train", train_data), ("val", val_data)):
        starts = torch.arange(0, len(d) - block_size - 1, block_size)[:60]
        x = torch.stack([d[i : i + block_size] for i in starts])
        y = torch.stack([d[i + 1 : i + block_size + 1] for i in starts])
        out[split] = model(x, y)[1].item()
    model.train()
    return out


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate)
for it in range(max_iters):
    if it % 100 == 0 or it == max_iters - 1:
        losses = estimate_loss()
        print(f"step {it}: train loss {losses['train']:.4f}, val loss {losses['val']:.4f}")
    xb, yb = get_batch("train")
    logits, loss = model(xb, yb)
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()

finish(model, logits, loss=estimate_loss()["val"])
