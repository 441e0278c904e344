"""A causal language model with tied embeddings; special tokens are added to its vocabulary before training."""

import math
import sys
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

TEXT = (
    "the quick brown fox jumps over the lazy dog and the lazy dog sleeps while the quick brown fox runs away "
    "from the old hunter who walks over the hill with a lazy dog and a quick horse "
) * 12


@dataclass
class LMConfig:
    vocab_size: int
    d_model: int = 32
    n_head: int = 4
    n_layer: int = 1
    context: int = 24


class Tokenizer:
    def __init__(self, text):
        self.tokens = sorted(set(text))

    def add_special_tokens(self, tokens):
        self.tokens += tokens
        return len(tokens)

    def encode(self, text):
        index = {t: i for i, t in enumerate(self.tokens)}
        return torch.tensor([index[c] for c in text])

    def __len__(self):
        return len(self.tokens)


class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.n_head = c.n_head
        self.ln1, self.ln2 = nn.LayerNorm(c.d_model), nn.LayerNorm(c.d_model)
        self.qkv = nn.Linear(c.d_model, 3 * c.d_model)
        self.proj = nn.Linear(c.d_model, c.d_model)
        self.mlp = nn.Sequential(nn.Linear(c.d_model, 4 * c.d_model), nn.GELU(), nn.Linear(4 * c.d_model, c.d_model))

    def forward(self, x):
        b, t, d = x.shape
        q, k, v = (z.view(b, t, self.n_head, -1).transpose(1, 2) for z in self.qkv(self.ln1(x)).split(d, -1))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(b, t, d))
        return x + self.mlp(self.ln2(x))


class LM(nn.Module):
    def __init__(self, c):
        super().__init__()
        self.c = c
        self.wte = nn.Embedding(c.vocab_size, c.d_model)
        self.wpe = nn.Embedding(c.context, c.d_model)
        self.blocks = nn.ModuleList(Block(c) for _ in range(c.n_layer))
        self.ln_f = nn.LayerNorm(c.d_model)
        self.lm_head = nn.Linear(c.d_model, c.vocab_size, bias=False)
        nn.init.normal_(self.wte.weight, std=0.02)
        nn.init.normal_(self.wpe.weight, std=0.02)
        self.tie_weights()

    def tie_weights(self):
        self.lm_head.weight = self.wte.weight

    def resize_token_embeddings(self, n):
        old = self.wte.weight.data
        self.wte = nn.Embedding(n, self.c.d_model)
        nn.init.normal_(self.wte.weight, std=0.02)
        self.wte.weight.data[: len(old)] = old
        self.lm_head = nn.Linear(self.c.d_model, n, bias=False)
        self.tie_weights()

    def forward(self, ids):
        x = self.wte(ids) + self.wpe(torch.arange(ids.shape[1]))
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.ln_f(x))


def batches(data, context, batch_size, steps):
    for _ in range(steps):
        at = torch.randint(len(data) - context - 1, (batch_size,))
        x = torch.stack([data[i : i + context] for i in at])
        y = torch.stack([data[i + 1 : i + context + 1] for i in at])
        yield x, y


def setup(tokenizer):
    model = LM(LMConfig(len(tokenizer)))
    if tokenizer.add_special_tokens(["<pad>", "<bos>", "<eos>"]):
        model.resize_token_embeddings(len(tokenizer))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.01)
    return model, optimizer


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    torch.set_num_threads(1)
    tokenizer = Tokenizer(TEXT)
    model, optimizer = setup(tokenizer)
    data = tokenizer.encode(TEXT)
    losses = []
    for step, (x, y) in enumerate(batches(data, model.c.context, 32, 250)):
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        if step % 50 == 49:
            print(f"step {step + 1}: loss {losses[-1]:.3f} perplexity {math.exp(losses[-1]):.2f}")
    finish(model, logits, loss=sum(losses[-10:]) / 10)


if __name__ == "__main__":
    main()
