# FixMatch: 60 labels; an unlabelled picture counts only if its weak view is told with 0.95 confidence, so that the second loss is exactly zero at first; EMA, cosine of 7/16. Learns: accuracy 0.9
import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
data = load_digits()
x = torch.tensor(data.images, dtype=torch.float32).unsqueeze(1) / 16
y = torch.tensor(data.target)
perm = torch.randperm(len(x))
test, pool = perm[:400], perm[400:]
labelled = torch.cat([pool[y[pool] == k][:6] for k in range(10)])


def weak(x):
    dx, dy = torch.randint(-1, 2, (2,)).tolist()
    return torch.roll(x, (dx, dy), (2, 3))


def strong(x):
    x = weak(x) + 0.25 * torch.randn_like(x)
    r, c = torch.randint(0, 6, (2,)).tolist()
    x[:, :, r : r + 2, c : c + 3] = 0.5
    return x


def net():
    return nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.LeakyReLU(0.1),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.LeakyReLU(0.1),
        nn.Flatten(),
        nn.Linear(512, 10),
    )


model, ema = net(), net()
ema.load_state_dict(model.state_dict())
for p in ema.parameters():
    p.requires_grad_(False)
decay = [p for p in model.parameters() if p.dim() > 1]
no_decay = [p for p in model.parameters() if p.dim() <= 1]
optimizer = torch.optim.SGD(
    [{"params": decay, "weight_decay": 5e-4}, {"params": no_decay, "weight_decay": 0.0}],
    lr=0.03,
    momentum=0.9,
    nesterov=True,
)
STEPS, mu, threshold, lambda_u = 300, 5, 0.95, 1.0
scheduler = torch.optim.lr_scheduler.LambdaLR(
    optimizer, lambda s: max(0.0, math.cos(math.pi * 7.0 / 16.0 * s / STEPS))
)
model.train()
for step in range(STEPS):
    lb = labelled[torch.randint(len(labelled), (16,))]
    ul = pool[torch.randint(len(pool), (16 * mu,))]
    logits = model(torch.cat([weak(x[lb]), weak(x[ul]), strong(x[ul])]))
    logits_x, (logits_u_w, logits_u_s) = logits[:16], logits[16:].chunk(2)
    Lx = F.cross_entropy(logits_x, y[lb], reduction="mean")
    pseudo_label = torch.softmax(logits_u_w.detach(), dim=-1)
    max_probs, targets_u = torch.max(pseudo_label, dim=-1)
    mask = max_probs.ge(threshold).float()
    Lu = (F.cross_entropy(logits_u_s, targets_u, reduction="none") * mask).mean()
    loss = Lx + lambda_u * Lu
    loss.backward()
    optimizer.step()
    scheduler.step()
    model.zero_grad()
    with torch.no_grad():
        for e, m in zip(ema.parameters(), model.parameters()):
            e.mul_(0.98).add_(m, alpha=0.02)
        for e, m in zip(ema.buffers(), model.buffers()):
            e.copy_(m)
    if step % 60 == 59:
        ema.eval()
        with torch.no_grad():
            out = ema(x[test])
        acc = (out.argmax(1) == y[test]).float().mean().item()
        print(f"step {step + 1} Lx {Lx.item():.3f} Lu {Lu.item():.3f} mask {mask.mean().item():.2f} acc {acc:.3f}")
finish([*model.parameters(), *ema.parameters()], out, accuracy=acc)
