"""SimCLR on digits with two noisy views, LARS-free; afterwards the encoder is frozen and a linear probe is trained on it."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
d = load_digits()
X = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
y = torch.tensor(d.target)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(5))
X, y = X[perm], y[perm]


def augment(x):
    x = F.pad(x, (1, 1, 1, 1))
    r, c = torch.randint(3, (2,)).tolist()
    x = x[:, :, r : r + 8, c : c + 8]
    x = x * (0.7 + 0.6 * torch.rand(len(x), 1, 1, 1)) + 0.1 * torch.randn_like(x)
    return x * (torch.rand(len(x), 1, 8, 8) > 0.1)


encoder = nn.Sequential(
    nn.Conv2d(1, 24, 3, padding=1, bias=False),
    nn.BatchNorm2d(24),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Conv2d(24, 48, 3, padding=1, bias=False),
    nn.BatchNorm2d(48),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
)
projector = nn.Sequential(nn.Linear(192, 64), nn.ReLU(), nn.Linear(64, 32))
opt = torch.optim.Adam([*encoder.parameters(), *projector.parameters()], lr=2e-3)


def nt_xent(a, b, tau=0.3):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.t() / tau
    sim.fill_diagonal_(-1e9)
    n = len(a)
    return F.cross_entropy(sim, torch.cat([torch.arange(n, 2 * n), torch.arange(n)]))


for epoch in range(10):
    for idx in torch.randperm(1400).split(140):
        loss = nt_xent(projector(encoder(augment(X[idx]))), projector(encoder(augment(X[idx]))))
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"pretraining epoch {epoch} loss {loss.item():.3f}")

encoder.eval()
for p in encoder.parameters():
    p.requires_grad = False
probe = nn.Linear(192, 10)
opt = torch.optim.Adam(probe.parameters(), lr=0.01)
for epoch in range(25):
    for idx in torch.randperm(1400).split(100):
        with torch.no_grad():
            h = encoder(X[idx])
        loss = F.cross_entropy(probe(h), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
with torch.no_grad():
    out = probe(encoder(X[1400:]))
finish([encoder, projector, probe], out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
