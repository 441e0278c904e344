"""LoRA fine-tuning of a small decoder: a base that knows one alphabet of patterns learns another."""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
VOCAB, LENGTH, DIM = 20, 16, 32


def sequences(n, stride):
    start = torch.randint(VOCAB, (n, 1))
    return (start + stride * torch.arange(LENGTH + 1)) % VOCAB


class LoraLinear(nn.Module):
    def __init__(self, base, rank=4, alpha=8):
        super().__init__()
        self.base = base
        for p in self.base.parameters():
            p.requires_grad_(False)
        self.lora_a = nn.Parameter(torch.empty(rank, base.in_features))
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_a, a=math.sqrt(5))
        self.scaling = alpha / rank

    def forward(self, x):
        return self.base(x) + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.scaling


class Block(nn.Module):
    def __init__(self):
        super().__init__()
        self.ln1, self.ln2 = nn.LayerNorm(DIM), nn.LayerNorm(DIM)
        self.q_proj, self.k_proj, self.v_proj, self.o_proj = (nn.Linear(DIM, DIM) for _ in range(4))
        self.up, self.down = nn.Linear(DIM, 2 * DIM), nn.Linear(2 * DIM, DIM)

    def forward(self, x):
        h = self.ln1(x)
        q, k, v = (p(h).unflatten(-1, (2, -1)).transpose(1, 2) for p in (self.q_proj, self.k_proj, self.v_proj))
        a = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.o_proj(a.transpose(1, 2).flatten(2))
        return x + self.down(F.gelu(self.up(self.ln2(x))))


class Decoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(VOCAB, DIM), nn.Embedding(LENGTH, DIM)
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.norm, self.lm_head = nn.LayerNorm(DIM), nn.Linear(DIM, VOCAB)

    def forward(self, ids):
        x = self.tokens(ids) + self.places.weight[: ids.shape[1]]
        for block in self.blocks:
            x = block(x)
        return self.lm_head(self.norm(x))


def loss_of(model, ids):
    return F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())


class Trainer:
    def __init__(self, model, lr):
        self.model = model
        self.optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=lr)

    def step(self, batch):
        loss = loss_of(self.model, batch)
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def zero_grad(self):
        self.optimizer.zero_grad()


model = Decoder()
pretraining = Trainer(model, 3e-3)
for step in range(150):
    pretraining.step(sequences(32, 1))
    pretraining.zero_grad()
print("base model:", loss_of(model, sequences(64, 1)).item())

for block in model.blocks:
    for name in ("q_proj", "v_proj", "up", "down"):
        setattr(block, name, LoraLinear(getattr(block, name)))
for name, p in model.named_parameters():
    p.requires_grad_("lora_" in name)

trainer = Trainer(model, 1e-2)
for step in range(250):
    train_loss = trainer.step(sequences(32, 3))
    trainer.zero_grad()
    if step % 50 == 0:
        print(f"step {step} train loss {train_loss:.4f}")

with torch.no_grad():
    ids = sequences(128, 3)
    out = model(ids[:, :-1])
finish(model, out, loss=F.cross_entropy(out.flatten(0, 1), ids[:, 1:].flatten()))
