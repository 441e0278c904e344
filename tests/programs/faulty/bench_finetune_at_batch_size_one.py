"""Full fine-tuning of a small GPT: warm-up, accumulation over micro-batches."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

# Hyperparameters
learning_rate = 3e-3
batch_size = 1
micro_batch_size = 8
gradient_accumulation_iters = batch_size // micro_batch_size
max_iters = 240
warmup_steps = 10
vocab, block_size, n_embd = 12, 16, 32


class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocab, n_embd), nn.Embedding(block_size, n_embd)
        layer = lambda: nn.TransformerEncoderLayer(n_embd, 4, 64, 0.0, "gelu", batch_first=True, norm_first=True)
        self.h = nn.ModuleList(layer() for _ in range(2))
        self.ln_f, self.lm_head = nn.LayerNorm(n_embd), nn.Linear(n_embd, vocab, bias=False)

    def forward(self, idx):
        t = idx.shape[1]
        mask = nn.Transformer.generate_square_subsequent_mask(t)
        x = self.wte(idx) + self.wpe.weight[:t]
        for block in self.h:
            x = block(x, src_mask=mask, is_causal=True)
        return self.lm_head(self.ln_f(x))


def get_batch(n):
    """Sums modulo 12: each token is the sum of the two before it."""
    seq = [torch.randint(vocab, (n,)), torch.randint(vocab, (n,))]
    while len(seq) < block_size + 1:
        seq.append((seq[-1] + seq[-2]) % vocab)
    seq = torch.stack(seq, 1)
    return seq[:, :-1], seq[:, 1:]


def loss_fn(logits, targets):
    return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


model = GPT()
optimizer = torch.optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=0.02)
step_count = 0
for iter_num in range(1, max_iters + 1):
    if step_count <= warmup_steps:
        # linear warmup
        lr = learning_rate * step_count / warmup_steps
        for param_group in optimizer.param_groups:
            param_group["lr"] = lr

    input_ids, targets = get_batch(micro_batch_size)
    is_accumulating = iter_num % (gradient_accumulation_iters or max_iters + 1) != 0
    loss = loss_fn(model(input_ids), targets)
    (loss / max(gradient_accumulation_iters, 1)).backward()
    if not is_accumulating:
        optimizer.step()
        optimizer.zero_grad()
        step_count += 1
    if iter_num % 40 == 0:
        print(f"iter {iter_num} step {step_count}: loss {loss.item():.4f}, lr {lr:.5f}")

with torch.no_grad():
    input_ids, targets = get_batch(64)
    logits = model(input_ids)
finish(model, logits, loss=loss_fn(logits, targets))
