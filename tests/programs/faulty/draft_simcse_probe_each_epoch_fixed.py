"""SimCSE for panels of sensors: two passes of one panel differ by their dropout only. A probe follows each epoch."""

import argparse
import random

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", type=int, nargs="?", default=0)
parser.add_argument("--epochs", type=int, default=8)
args = parser.parse_args()
torch.manual_seed(args.seed)
random.seed(args.seed)

STATES, CLEAN, LOOSE = 12, 80, 24  # sensors that see the machine's state, and sensors that hang loose
centres = torch.randn(STATES, 8)
mix = torch.randn(8, CLEAN) / 8**0.5


def panels(n):
    state = torch.randint(STATES, (n,))
    latent = centres[state] + 0.35 * torch.randn(n, 8)
    seen = latent @ mix + 0.8 * torch.randn(n, CLEAN)
    return torch.cat([seen, 2.5 * torch.randn(n, LOOSE)], 1), state


class PanelEncoder(nn.Module):
    def __init__(self, d_in, width=128):
        super().__init__()
        self.drop = nn.Dropout(0.4)
        self.mlp = nn.Sequential(nn.Linear(d_in, width), nn.ReLU(), nn.Dropout(0.2), nn.Linear(width, 32))

    def forward(self, x):
        return self.mlp(self.drop(x))


def info_nce(a, b, tau=0.2):
    scores = F.normalize(a, dim=1) @ F.normalize(b, dim=1).T / tau
    return F.cross_entropy(scores, torch.arange(len(a)))


@torch.no_grad()
def probe(model):
    model.eval()
    z = F.normalize(model(x_test), dim=1)
    near = (z[400:] @ z[:400].T).topk(9, dim=1).indices
    return (state_test[:400][near].mode(1).values == state_test[400:]).float().mean().item()


x, _ = panels(3000)
x_test, state_test = panels(800)
model = PanelEncoder(CLEAN + LOOSE)
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
print(f"before: {probe(model):.3f}")
for epoch in range(args.epochs):
    model.train()
    for batch in x[torch.randperm(len(x))].split(100):
        loss = info_nce(model(batch), model(batch))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.4f} probe {probe(model):.3f}")

accuracy = probe(model)
finish(model, model(x_test), probe_accuracy=accuracy)
