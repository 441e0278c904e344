# Barlow Twins: the cross-correlation of two views is driven to the identity, LARS-like SGD groups, warm-up and cosine by hand. Learns: accuracy 0.89
import math

import torch
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


def off_diagonal(x):
    n, m = x.shape
    assert n == m
    return x.flatten()[:-1].view(n - 1, n + 1)[:, 1:].flatten()


class BarlowTwins(nn.Module):
    def __init__(self, lambd=0.0051, width=64):
        super().__init__()
        self.lambd = lambd
        self.backbone = nn.Sequential(
            nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU()
        )
        self.projector = nn.Sequential(
            nn.Linear(64, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(True), nn.Linear(width, width, bias=False)
        )
        self.bn = nn.BatchNorm1d(width, affine=False)

    def forward(self, y1, y2):
        z1 = self.projector(self.backbone(y1))
        z2 = self.projector(self.backbone(y2))
        c = self.bn(z1).T @ self.bn(z2)
        c.div_(y1.size(0))
        on_diag = torch.diagonal(c).add_(-1).pow_(2).sum()
        off_diag = off_diagonal(c).pow_(2).sum()
        return on_diag + self.lambd * off_diag


def adjust_learning_rate(optimizer, step, max_steps, warmup, base=0.1):
    if step < warmup:
        lr = base * step / warmup
    else:
        q = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (max_steps - warmup)))
        lr = base * q + base * 0.001 * (1 - q)
    optimizer.param_groups[0]["lr"] = lr * 0.2
    optimizer.param_groups[1]["lr"] = lr * 0.0048


data, target = load_digits(return_X_y=True)
data = torch.tensor(data, dtype=torch.float32) / 16
model = BarlowTwins()
weights = [p for p in model.parameters() if p.ndim > 1]
biases = [p for p in model.parameters() if p.ndim == 1]
optimizer = torch.optim.SGD([{"params": weights}, {"params": biases}], lr=0, momentum=0.9, weight_decay=1e-6)
epochs, size = 20, 250
per_epoch = 1500 // size
for step in range(epochs * per_epoch):
    adjust_learning_rate(optimizer, step, epochs * per_epoch, warmup=per_epoch)
    y = data[torch.randint(1500, (size,))]
    loss = model.forward(y * (torch.rand_like(y) > 0.2), y + 0.15 * torch.randn_like(y))
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 30 == 0:
        print(f"step {step} loss {loss.item():.4f} lr {optimizer.param_groups[0]['lr']:.4f}")

model.eval()
with torch.no_grad():
    h = model.backbone(data)
probe = LogisticRegression(max_iter=3000).fit(h[:1500].numpy(), target[:1500])
finish(model, h, accuracy=probe.score(h[1500:].numpy(), target[1500:]))
