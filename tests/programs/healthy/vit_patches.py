# A small vision transformer: conv patches, class token, MultiheadAttention, LayerScale 0.1, trunc_normal_, warm-up then cosine. Learns: MEASURED
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR, SequentialLR

from digest import finish


class Block(nn.Module):
    def __init__(self, dim, heads, layer_scale=0.1):
        super().__init__()
        self.norm1 = nn.LayerNorm(dim)
        self.attn = nn.MultiheadAttention(dim, heads, batch_first=True)
        self.norm2 = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim))
        self.gamma1 = nn.Parameter(layer_scale * torch.ones(dim))
        self.gamma2 = nn.Parameter(layer_scale * torch.ones(dim))

    def forward(self, x):
        h = self.norm1(x)
        x = x + self.gamma1 * self.attn(h, h, h, need_weights=False)[0]
        return x + self.gamma2 * self.mlp(self.norm2(x))


class ViT(nn.Module):
    def __init__(self, dim=32, depth=2):
        super().__init__()
        self.patch = nn.Conv2d(1, dim, kernel_size=2, stride=2)
        self.cls = nn.Parameter(torch.zeros(1, 1, dim))
        self.pos = nn.Parameter(torch.empty(1, 17, dim))
        self.blocks = nn.Sequential(*[Block(dim, 4) for _ in range(depth)])
        self.norm = nn.LayerNorm(dim)
        self.head = nn.Linear(dim, 10)
        nn.init.trunc_normal_(self.pos, std=0.5)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls.expand(len(x), -1, -1), x], dim=1) + self.pos
        return self.head(self.norm(self.blocks(x)).mean(1))


torch.manual_seed(0)
torch.set_num_threads(1)
x, y = load_digits(return_X_y=True)
x = torch.from_numpy(x).float().reshape(-1, 1, 8, 8) / 8 - 1
y = torch.from_numpy(y)
model = ViT()
epochs = 4
optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3, weight_decay=0.05)
total = epochs * 1400 // 28
warmup = LinearLR(optimizer, start_factor=0.01, total_iters=20)
scheduler = SequentialLR(optimizer, [warmup, CosineAnnealingLR(optimizer, total - 20)], milestones=[20])
for epoch in range(epochs):
    for idx in torch.randperm(1400).split(28):
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        scheduler.step()
    print(f"epoch {epoch} loss {loss.item():.4f} lr {scheduler.get_last_lr()[0]:.2e}")
model.eval()
with torch.no_grad():
    out = model(x[1400:])
finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
