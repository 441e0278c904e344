"""Separates two speakers by masks; a second head counts who is active."""

import itertools
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

N_FREQ, N_FRAMES = 24, 12


def mixtures(n):
    freq = torch.arange(N_FREQ)
    active = torch.rand(n, 2) < 0.8
    envelopes = []
    for low, high in ((2, 9), (13, 20)):
        center = torch.randint(low, high, (n, 1, 1))
        shape = torch.exp(-((freq - center) ** 2) / 6.0)
        envelopes.append(shape * torch.rand(n, N_FRAMES, 1))
    sources = torch.stack(envelopes, 1) * active[:, :, None, None]
    swap = torch.rand(n) < 0.5
    sources[swap] = sources[swap].flip(1)
    return sources.sum(1) + 0.05 * torch.rand(n, N_FRAMES, N_FREQ), sources, active.sum(1)


class Separator(nn.Module):
    def __init__(self, hidden=48):
        super().__init__()
        self.rnn = nn.GRU(N_FREQ, hidden, batch_first=True, bidirectional=True)
        self.masks = nn.Linear(2 * hidden, 2 * N_FREQ)
        self.counter = nn.Linear(2 * hidden, 3)

    def forward(self, mix):
        h, _ = self.rnn(mix)
        masks = self.masks(h).sigmoid().unflatten(-1, (2, N_FREQ)).transpose(1, 2)
        return masks * mix.unsqueeze(1), self.counter(h.mean(1))


class PITSolver(nn.Module):
    def __init__(self, criterion):
        super().__init__()
        self.criterion = criterion

    def forward(self, ref, inf):
        def pair_loss(permutation):
            return sum(self.criterion(ref[:, s], inf[:, t]) for s, t in enumerate(permutation)) / len(permutation)

        losses = torch.stack([pair_loss(p) for p in itertools.permutations(range(ref.shape[1]))], 1)
        best = losses.argmin(1)
        loss = torch.tensor([losses[b, p] for b, p in enumerate(best)])
        return loss.mean()


def spectral_error(ref, inf):
    return ((ref - inf) ** 2).sum((1, 2))


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
model = Separator()
solver = PITSolver(spectral_error)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for step in range(200):
    mix, sources, count = mixtures(32)
    estimate, logits = model(mix)
    loss = solver(sources, estimate) + 0.5 * F.cross_entropy(logits, count)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(f"step {step} loss {loss.item():.4f}")

model.eval()
with torch.no_grad():
    mix, sources, _ = mixtures(500)
    final = solver(sources, model(mix)[0]).item()
print("final loss", round(final, 4))
