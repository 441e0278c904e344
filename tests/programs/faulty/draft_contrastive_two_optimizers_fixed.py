"""SimCLR-like pre-training on vibration spectra, encoder and projector with an optimizer each."""

import sys

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

BINS, MACHINES = 96, 40
position = torch.arange(BINS).float()
peaks = torch.rand(MACHINES, 3) * (BINS - 20) + 10


def spectra(n):
    machine = torch.randint(MACHINES, (n,))
    height = 0.6 + 0.8 * torch.rand(n, 3, 1)
    bumps = height * torch.exp(-((position - peaks[machine][:, :, None]) ** 2) / 8)
    return bumps.sum(1), machine


def augment(x):
    """Another recording of it: other loudness, a slope, noise, a hum at any frequency."""
    n = len(x)
    hum = torch.exp(-((position - torch.rand(n, 1) * BINS) ** 2) / 8)
    slope = torch.randn(n, 1) * (position / BINS - 0.5)
    return (0.6 + 0.8 * torch.rand(n, 1)) * x + 1.2 * hum + 1.5 * slope + 0.25 * torch.randn_like(x)


encoder = nn.Sequential(
    nn.Linear(BINS, 128),
    nn.BatchNorm1d(128),
    nn.ReLU(),
    nn.Linear(128, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 24),
)
projector = nn.Sequential(nn.ReLU(), nn.Linear(24, 32), nn.ReLU(), nn.Linear(32, 16))
opt_encoder = torch.optim.Adam(encoder.parameters(), lr=2e-3)
opt_projector = torch.optim.Adam(projector.parameters(), lr=2e-3)


def nt_xent(a, b, tau=0.2):
    z = F.normalize(torch.cat([a, b]), dim=1)
    sim = z @ z.T / tau
    sim.fill_diagonal_(-1e9)
    n = len(a)
    target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
    return F.cross_entropy(sim, target)


def knn_accuracy():
    x, machine = spectra(2000)
    encoder.eval()
    with torch.no_grad():
        h = F.normalize(encoder(augment(x)), dim=1)
    encoder.train()
    near = (h[1500:] @ h[:1500].T).topk(5, dim=1).indices
    return h, (machine[:1500][near].mode(1).values == machine[1500:]).float().mean()


x, _ = spectra(3000)
for epoch in range(12):
    mean = 0.0
    batches = torch.randperm(len(x)).split(100)
    for idx in batches:
        loss = nt_xent(projector(encoder(augment(x[idx]))), projector(encoder(augment(x[idx]))))
        loss.backward()
        opt_projector.step()
        opt_encoder.step()
        projector.zero_grad()
        encoder.zero_grad()
        mean += loss.item() / len(batches)
    print(f"epoch {epoch}: loss {mean:.3f}")

h, acc = knn_accuracy()
finish([encoder, projector], h, knn_accuracy=acc)
