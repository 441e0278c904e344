"""Second-stage tuning of the projection between a frozen vision encoder and a language head (a mini MiniGPT)."""

import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset
from digest import finish


class LinearWarmupCosineLRScheduler:
    def __init__(self, optimizer, max_epoch, iters_per_epoch, min_lr, init_lr, warmup_steps=0, warmup_start_lr=-1):
        self.optimizer = optimizer
        self.max_epoch, self.iters_per_epoch = max_epoch, iters_per_epoch
        self.min_lr, self.init_lr = min_lr, init_lr
        self.warmup_steps = warmup_steps
        self.warmup_start_lr = warmup_start_lr if warmup_start_lr >= 0 else init_lr

    def step(self, cur_epoch, cur_step):
        total_cur_step = cur_epoch * self.iters_per_epoch + cur_step
        if total_cur_step < self.warmup_steps:
            self._set(
                min(
                    self.init_lr,
                    self.warmup_start_lr
                    + (self.init_lr - self.warmup_start_lr) * total_cur_step / max(self.warmup_steps, 1),
                )
            )
        else:
            share = total_cur_step / (self.max_epoch * self.iters_per_epoch)
            self._set((self.init_lr - self.min_lr) * 0.5 * (1 + math.cos(math.pi * share)) + self.min_lr)

    def _set(self, lr):
        for group in self.optimizer.param_groups:
            group["lr"] = lr


class Vision(nn.Module):
    """frozen: random features that stand for a pretrained ViT"""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 48, 4, 4)
        self.mix = nn.Linear(48, 48)

    def forward(self, x):
        f = torch.tanh(2 * self.conv(x)).flatten(2).transpose(1, 2)
        return f + torch.tanh(self.mix(f))


class MiniGPT(nn.Module):
    def __init__(self, words=12):
        super().__init__()
        self.visual_encoder = Vision().requires_grad_(False)
        self.query_tokens = nn.Parameter(torch.randn(1, 4, 48) * 0.02)
        self.cross = nn.MultiheadAttention(48, 4, batch_first=True)
        self.ln = nn.LayerNorm(48)
        self.llama_proj = nn.Sequential(nn.Linear(4 * 48, 64), nn.GELU(), nn.Linear(64, 64))
        self.lm_head = nn.Linear(64, words)

    def forward(self, image):
        f = self.visual_encoder(image)
        q = self.query_tokens.expand(len(f), -1, -1)
        h = self.ln(q + self.cross(q, f, f)[0]).flatten(1)
        return self.lm_head(F.gelu(self.llama_proj(h)))


def pictures(n, kinds):
    y = torch.randint(0, len(kinds), (n,))
    return kinds[y] + 1.1 * torch.randn(n, 1, 16, 16), y


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 42)
kinds = torch.randn(12, 1, 16, 16)
train = DataLoader(TensorDataset(*pictures(1280, kinds)), batch_size=64, shuffle=True)
x_test, y_test = pictures(600, kinds)
model = MiniGPT()
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=2e-3, weight_decay=0.05)
MAX_EPOCH = 12
lr_sched = LinearWarmupCosineLRScheduler(
    optimizer, MAX_EPOCH, len(train), min_lr=1e-5, init_lr=2e-3, warmup_steps=200, warmup_start_lr=1e-6
)
for epoch in range(MAX_EPOCH):
    for i, (image, word) in enumerate(train):
        lr_sched.step(cur_epoch=epoch, cur_step=i)
        loss = F.cross_entropy(model(image), word)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"Train: data epoch: [{epoch}]  lr: {optimizer.param_groups[0]['lr']:.6f}  loss: {loss.item():.4f}")
with torch.no_grad():
    out = model.eval()(x_test)
finish(model, out, accuracy=(out.argmax(1) == y_test).float().mean())
