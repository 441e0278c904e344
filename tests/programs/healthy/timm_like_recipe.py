# A timm-like recipe on digits: EMA with warm-up, mixup, label smoothing by soft targets, random erasing, stochastic depth, no decay on norms and biases, warm-up and cosine per update. Learns: accuracy 0.92
import copy
import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

np.random.seed(42)
torch.manual_seed(42)
torch.set_num_threads(1)


class DropPath(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if self.p == 0.0 or not self.training:
            return x
        keep = 1 - self.p
        return x * x.new_empty(len(x), 1, 1, 1).bernoulli_(keep).div_(keep)


class ConvNeXtBlock(nn.Module):
    def __init__(self, dim, drop_path, init_value=1e-6):
        super().__init__()
        self.dwconv = nn.Conv2d(dim, dim, 3, padding=1, groups=dim)
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.pwconv1, self.pwconv2 = nn.Linear(dim, 4 * dim), nn.Linear(4 * dim, dim)
        self.gamma = nn.Parameter(init_value * torch.ones(dim))
        self.drop_path = DropPath(drop_path)

    def forward(self, x):
        y = self.dwconv(x).permute(0, 2, 3, 1)
        y = self.gamma * self.pwconv2(F.gelu(self.pwconv1(self.norm(y))))
        return x + self.drop_path(y.permute(0, 3, 1, 2))


class Net(nn.Module):
    def __init__(self, dim=24, depth=3):
        super().__init__()
        self.stem = nn.Conv2d(1, dim, 2, stride=2)
        self.blocks = nn.Sequential(*(ConvNeXtBlock(dim, r) for r in np.linspace(0, 0.1, depth)))
        self.norm = nn.LayerNorm(dim, eps=1e-6)
        self.head = nn.Linear(dim, 10)
        self.apply(self._init)

    def _init(self, m):
        if isinstance(m, (nn.Conv2d, nn.Linear)):
            nn.init.trunc_normal_(m.weight, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x):
        return self.head(self.norm(self.blocks(self.stem(x)).mean((2, 3))))


class ModelEma:
    def __init__(self, model, decay=0.99):
        self.module = copy.deepcopy(model).eval()
        self.decay, self.n = decay, 0

    @torch.no_grad()
    def update(self, model):
        self.n += 1
        d = min(self.decay, (1 + self.n) / (10 + self.n))
        for e, m in zip(self.module.state_dict().values(), model.state_dict().values()):
            e.copy_(d * e + (1 - d) * m)


def soft_one_hot(y, smoothing=0.1):
    return torch.full((len(y), 10), smoothing / 10).scatter_(1, y[:, None], 1 - smoothing + smoothing / 10)


def mixup(x, y, alpha=0.2):
    lam = np.random.beta(alpha, alpha)
    return x * lam + x.flip(0) * (1 - lam), soft_one_hot(y) * lam + soft_one_hot(y).flip(0) * (1 - lam)


def erase(x, p=0.25):
    for img in x:
        if torch.rand(()) < p:
            i, j = torch.randint(0, 6, (2,)).tolist()
            img[:, i : i + 3, j : j + 3].normal_()
    return x


def param_groups(model, weight_decay=0.05):
    decay = [p for p in model.parameters() if p.ndim > 1]
    no_decay = [p for p in model.parameters() if p.ndim <= 1]
    return [{"params": no_decay, "weight_decay": 0.0}, {"params": decay, "weight_decay": weight_decay}]


digits = load_digits()
X = torch.tensor(digits.images[:, None], dtype=torch.float32)
X = (X - X.mean()) / X.std()
Y = torch.tensor(digits.target)
model = Net()
ema = ModelEma(model)
optimizer = torch.optim.AdamW(param_groups(model), lr=1e-6)
EPOCHS, SIZE, N = 14, 64, 1408
updates, warm = EPOCHS * (N // SIZE), 2 * (N // SIZE)
t = 0
for epoch in range(EPOCHS):
    model.train()
    for idx in torch.randperm(N).split(SIZE):
        lr = (
            4e-3 * t / warm + 1e-6
            if t < warm
            else 1e-5 + 4e-3 * 0.5 * (1 + math.cos(math.pi * (t - warm) / (updates - warm)))
        )
        for g in optimizer.param_groups:
            g["lr"] = lr
        x, y = mixup(erase(X[idx].clone()), Y[idx])
        loss = torch.sum(-y * F.log_softmax(model(x), dim=-1), dim=-1).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        ema.update(model)
        t += 1
    model.eval()
    with torch.no_grad():
        top1 = [(m(X[N:]).argmax(1) == Y[N:]).float().mean().item() for m in (model, ema.module)]
    print(f"Train: {epoch} loss {loss.item():.3f} lr {lr:.2e} acc@1 {top1[0]:.3f} ema {top1[1]:.3f}")
with torch.no_grad():
    out = ema.module(X[N:])
finish([model, ema.module], out, accuracy=top1[1])
