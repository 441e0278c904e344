"""DPO on a tiny causal LM: answers that end on a high token are preferred."""

import copy
import sys
from dataclasses import dataclass

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish


@dataclass
class DPOConfig:
    vocab_size: int = 32
    max_length: int = 14
    max_prompt_length: int = 6
    beta: float = 0.1
    learning_rate: float = 1e-3
    per_device_train_batch_size: int = 32
    num_sft_steps: int = 100
    max_steps: int = 120
    seed: int = int(sys.argv[1]) if len(sys.argv) > 1 else 42


cfg = DPOConfig()
torch.manual_seed(cfg.seed)


class CausalLM(nn.Module):
    def __init__(self, d=48, layers=1):
        super().__init__()
        self.wte = nn.Embedding(cfg.vocab_size, d)
        self.wpe = nn.Embedding(cfg.max_length, d)
        self.h = nn.ModuleList(
            nn.TransformerEncoderLayer(d, 4, 4 * d, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.ln_f = nn.LayerNorm(d)
        self.lm_head = nn.Linear(d, cfg.vocab_size, bias=False)

    def forward(self, ids):
        t = ids.shape[1]
        mask = torch.ones(t, t, dtype=torch.bool).triu(1)
        x = self.wte(ids) + self.wpe.weight[:t]
        for block in self.h:
            x = block(x, src_mask=mask, is_causal=True)
        return self.lm_head(self.ln_f(x))


def corpus(n):
    """Each token follows the one before by a step of 1..4."""
    ids = [torch.randint(0, cfg.vocab_size, (n,))]
    while len(ids) < cfg.max_length:
        ids.append((ids[-1] + torch.randint(1, 5, (n,))) % cfg.vocab_size)
    return torch.stack(ids, 1)


def preferences(n):
    """Two answers to one prompt; annotators like small steps."""
    a, b = corpus(n), corpus(n)
    b[:, : cfg.max_prompt_length] = a[:, : cfg.max_prompt_length]

    def size(x):
        return ((x[:, cfg.max_prompt_length :] - x[:, cfg.max_prompt_length - 1 : -1]) % cfg.vocab_size).sum(1)

    better = (size(a) < size(b))[:, None]
    return torch.where(better, a, b), torch.where(better, b, a)


def sequence_logps(model, ids):
    logps = model(ids[:, :-1]).log_softmax(-1)
    picked = logps.gather(2, ids[:, 1:, None]).squeeze(2)
    return picked[:, cfg.max_prompt_length - 1 :].sum(1)


def dpo_loss(policy, reference, chosen, rejected):
    policy_margin = sequence_logps(policy, chosen) - sequence_logps(policy, rejected)
    with torch.no_grad():
        reference_margin = sequence_logps(reference, chosen) - sequence_logps(reference, rejected)
    logits = policy_margin - reference_margin
    return -F.logsigmoid(cfg.beta * logits).mean(), logits


model = CausalLM()
optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.0)
for step in range(cfg.num_sft_steps):
    ids = corpus(64)
    loss = F.cross_entropy(model(ids[:, :-1]).flatten(0, 1), ids[:, 1:].flatten())
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print({"sft_loss": round(loss.item(), 4)})

ref_model = copy.deepcopy(model).eval().requires_grad_(False)
optimizer = torch.optim.AdamW(model.parameters(), lr=cfg.learning_rate, weight_decay=0.0)
for step in range(cfg.max_steps):
    chosen, rejected = preferences(cfg.per_device_train_batch_size)
    loss, logits = dpo_loss(model, ref_model, chosen, rejected)
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    if step % 25 == 0:
        print({"loss": round(loss.item(), 4), "rewards/margins": round((cfg.beta * logits).mean().item(), 4)})

chosen, rejected = preferences(500)
with torch.no_grad():
    _, logits = dpo_loss(model, ref_model, chosen, rejected)
finish(model, logits, accuracy=(logits > 0).float().mean())
