"""Semantic hashing: the encoder's code is binary, a small network reads the class off the bits."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import make_classification

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x, y = make_classification(
    1200,
    n_features=40,
    n_informative=6,
    n_redundant=0,
    n_classes=4,
    n_clusters_per_class=2,
    class_sep=1.6,
    random_state=4,
)
x = torch.tensor(x, dtype=torch.float32)
x = (x - x.mean(0)) / x.std(0)
y = torch.tensor(y)


class BinaryActivation(nn.Module):
    def forward(self, h):
        return h + (torch.sign(h) - h).detach()


class Hasher(nn.Module):
    def __init__(self, bits=8):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(40, 64), nn.ReLU(), nn.Linear(64, bits), nn.Tanh())
        self.binarize = BinaryActivation()
        self.reader = nn.Linear(bits, 4)

    def forward(self, x):
        return self.reader(self.binarize(self.encoder(x)))


model = Hasher()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(30):
    model.train()
    for rows in torch.randperm(900).split(50):
        loss = F.cross_entropy(model(x[rows]), y[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 10 == 9:
        print(epoch + 1, loss.item())

model.eval()
with torch.no_grad():
    scores = model(x[900:])
finish(model, scores, accuracy=(scores.argmax(1) == y[900:]).float().mean())
