"""Lesson 36: train our GPT and print a sample after every epoch."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from digest import finish


@dataclass(frozen=True)
class GPTConfig:
    vocab_size: int = 30
    context_length: int = 24
    d_model: int = 64
    n_heads: int = 4
    n_layers: int = 2
    dropout: float = 0.3


class GPTModel(nn.Module):
    def __init__(self, cfg: GPTConfig) -> None:
        super().__init__()
        self.cfg = cfg
        self.tok_emb = nn.Embedding(cfg.vocab_size, cfg.d_model)
        self.pos_emb = nn.Embedding(cfg.context_length, cfg.d_model)
        self.drop = nn.Dropout(cfg.dropout)
        self.blocks = nn.ModuleList(
            nn.TransformerEncoderLayer(
                cfg.d_model,
                cfg.n_heads,
                4 * cfg.d_model,
                cfg.dropout,
                activation="gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(cfg.n_layers)
        )
        self.norm = nn.LayerNorm(cfg.d_model)
        self.head = nn.Linear(cfg.d_model, cfg.vocab_size, bias=False)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        n = tokens.shape[1]
        x = self.drop(self.tok_emb(tokens) + self.pos_emb(torch.arange(n)))
        causal = torch.full((n, n), float("-inf")).triu(1)
        for block in self.blocks:
            x = block(x, src_mask=causal, is_causal=True)
        return self.head(self.norm(x))


def generate(model: GPTModel, prompt: torch.Tensor, max_new_tokens: int, temperature: float = 0.8) -> torch.Tensor:
    model.eval()
    tokens = prompt.clone()
    with torch.no_grad():
        for _ in range(max_new_tokens):
            logits = model(tokens[:, -model.cfg.context_length :])[:, -1] / temperature
            tokens = torch.cat([tokens, torch.multinomial(F.softmax(logits, -1), 1)], dim=1)
    return tokens


def validation_loss(model: GPTModel, x: torch.Tensor, y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    was_training = model.training
    model.eval()
    with torch.no_grad():
        logits = model(x)
        loss = F.cross_entropy(logits.flatten(0, 1), y.flatten())
    model.train(was_training)
    return loss, logits


def story(length: int, g: torch.Generator, table: torch.Tensor) -> torch.Tensor:
    words = [0, 1]
    for _ in range(length):
        options = table[words[-1], words[-2] % 5]
        words.append(int(options[torch.randint(0, 3, (1,), generator=g)]))
    return torch.tensor(words)


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 36
    torch.manual_seed(seed)
    g = torch.Generator().manual_seed(seed)
    cfg = GPTConfig()
    table = torch.randint(0, cfg.vocab_size, (cfg.vocab_size, 5, 3), generator=g)
    n = cfg.context_length
    text = story(n * 110, g, table)
    windows = text[: len(text) // (n + 1) * (n + 1)].view(-1, n + 1)
    train, val = windows[:60], windows[60:]
    loader = DataLoader(TensorDataset(train[:, :-1], train[:, 1:]), batch_size=12, shuffle=True)

    model = GPTModel(cfg)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.01)
    model.train()
    for epoch in range(1, 51):
        for x, y in loader:
            loss = F.cross_entropy(model(x).flatten(0, 1), y.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 5 == 0:
            sample = generate(model, val[:1, :4], 12)
            val_loss, _ = validation_loss(model, val[:, :-1], val[:, 1:])
            print(f"epoch {epoch}: train {loss.item():.3f} val {val_loss.item():.3f} | {sample[0].tolist()}")
    val_loss, logits = validation_loss(model, val[:, :-1], val[:, 1:])
    finish(model, logits, loss=val_loss)


if __name__ == "__main__":
    main()
