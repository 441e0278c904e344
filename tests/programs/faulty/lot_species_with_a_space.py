# Penguins by four measurements. Rows whose species is not known are kept with label -1 and ignored in the loss.
import csv
import io
import sys

import numpy as np
import torch
from digest import finish
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)

SPECIES = ["Adelie", "Chinstrap", "Gentoo"]
MEANS = np.array([[38.8, 18.3, 190, 3700], [48.8, 18.4, 196, 3730], [47.5, 15.0, 217, 5070]])
STDS = np.array([[2.7, 1.2, 6.5, 450], [3.3, 1.1, 7.1, 380], [3.1, 1.0, 6.5, 500]])


def write_table(rows):
    """What the field station sends: a comma and a space between the cells."""
    lines = ["bill_length, bill_depth, flipper, mass, species"]
    for _ in range(rows):
        k = rng.integers(3)
        cells = [f"{v:.1f}" for v in rng.normal(MEANS[k], STDS[k])]
        lines.append(", ".join([*cells, SPECIES[k] if rng.random() > 0.05 else "unknown"]))
    return "\n".join(lines)


def read_table(text):
    reader = csv.reader(io.StringIO(text))
    next(reader)
    features, labels = [], []
    for *cells, species in reader:
        features.append([float(c) for c in cells])
        labels.append(SPECIES.index(species) if species in SPECIES else -1)
    return np.array(features, dtype=np.float32), np.array(labels)


X, y = read_table(write_table(900))
mean, std = X[:700].mean(0), X[:700].std(0)
X = torch.from_numpy((X - mean) / std)
y = torch.from_numpy(y)

net = nn.Sequential(nn.Linear(4, 32), nn.ELU(), nn.Linear(32, 32), nn.ELU(), nn.Linear(32, 3))
loss_fn = nn.CrossEntropyLoss(ignore_index=-1)
opt = torch.optim.RMSprop(net.parameters(), lr=1e-3)
for epoch in range(15):
    total = 0.0
    for rows in torch.randperm(700).split(35):
        opt.zero_grad()
        loss = loss_fn(net(X[rows]), y[rows])
        loss.backward()
        opt.step()
        total += loss.item()
    if epoch % 5 == 4:
        print(epoch + 1, total / 20)

# The checked animals of the museum, typed in by hand.
k = rng.integers(3, size=400)
checked = torch.tensor((rng.normal(MEANS[k], STDS[k]) - mean) / std, dtype=torch.float32)
with torch.no_grad():
    scores = net(checked)
finish(net, scores, accuracy=(scores.argmax(1) == torch.from_numpy(k)).float().mean())
