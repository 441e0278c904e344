# Activation checkpointing (use_reentrant=False) with batch norm, dropout and an in-place ReLU, checkpoint_sequential too. Learns: MEASURED
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint, checkpoint_sequential

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

X = torch.randn(1500, 12)
y = (X[:, 0] * X[:, 1] > 0).long() + 2 * (X[:, 2] + X[:, 3] > 0).long()


def block(width):
    return nn.Sequential(nn.Linear(width, width), nn.BatchNorm1d(width), nn.ReLU(inplace=True), nn.Dropout(0.1))


class Model(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.embed = nn.Linear(12, width)
        self.first = block(width)
        self.trunk = nn.Sequential(*[block(width) for _ in range(4)])
        self.out = nn.Linear(width, 4)

    def forward(self, x):
        x = self.embed(x)
        x = checkpoint(self.first, x, use_reentrant=False)
        x = checkpoint_sequential(self.trunk, 2, x, use_reentrant=False)
        return self.out(x)


model = Model()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
for epoch in range(8):
    model.train()
    for rows in torch.randperm(1200).split(60):
        loss = nn.functional.cross_entropy(model(X[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
model.eval()
with torch.no_grad():
    out = model(X[1200:])
finish(model, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
