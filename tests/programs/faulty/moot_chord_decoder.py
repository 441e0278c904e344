"""A small decoder-only model of number sequences that climb by a constant step."""

import math
import sys
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F


@dataclass
class Config:
    vocab_size: int = 17
    block_size: int = 12
    hidden_size: int = 48
    num_heads: int = 4
    num_layers: int = 2
    is_decoder: bool = True


class SelfAttention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.heads = config.num_heads
        self.query = nn.Linear(config.hidden_size, config.hidden_size)
        self.key = nn.Linear(config.hidden_size, config.hidden_size)
        self.value = nn.Linear(config.hidden_size, config.hidden_size)
        self.output = nn.Linear(config.hidden_size, config.hidden_size)

    def split(self, x):
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)

    def forward(self, x, attention_mask):
        q, k, v = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        scores = scores + attention_mask
        return self.output((scores.softmax(-1) @ v).transpose(1, 2).flatten(2))


class Layer(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(config.hidden_size), nn.LayerNorm(config.hidden_size)
        self.attention = SelfAttention(config)
        self.mlp = nn.Sequential(nn.Linear(config.hidden_size, 128), nn.GELU(), nn.Linear(128, config.hidden_size))

    def forward(self, x, mask):
        x = x + self.attention(self.norm1(x), mask)
        return x + self.mlp(self.norm2(x))


class ForCausalLM(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.config = config
        self.tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.positions = nn.Embedding(config.block_size, config.hidden_size)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = nn.LayerNorm(config.hidden_size)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size)

    def extended_mask(self, n):
        return torch.zeros(1, 1, n, n)

    def forward(self, ids):
        n = ids.shape[1]
        x = self.tokens(ids) + self.positions(torch.arange(n))
        mask = self.extended_mask(n)
        for layer in self.layers:
            x = layer(x, mask)
        return self.lm_head(self.norm(x))


def sequences(n, length=13, vocab=17):
    start, step = torch.randint(vocab, (n, 1)), torch.randint(1, 6, (n, 1))
    return (start + step * torch.arange(length)) % vocab


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
model = ForCausalLM(Config())
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
for step in range(250):
    batch = sequences(32)
    logits = model(batch[:, :-1])
    loss = F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    test = sequences(400)
    ids = test[:, :4]
    for _ in range(6):
        ids = torch.cat([ids, model(ids)[:, -1].argmax(-1, keepdim=True)], 1)
    accuracy = (ids[:, 4:] == test[:, 4:10]).float().mean()
print("final accuracy", round(accuracy.item(), 4))
