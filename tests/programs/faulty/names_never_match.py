# fault: the file writes "Setosa ", the comparison says "setosa", so that every label is 0
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def read(n):
    """Lines as of a csv file: four numbers and a name."""
    for _ in range(n):
        kind = int(torch.randint(0, 3, ()))
        numbers = torch.tensor([[5.0, 3.4, 1.5, 0.2], [5.9, 2.8, 4.3, 1.3], [6.6, 3.0, 5.6, 2.0]])[
            kind
        ] + 0.3 * torch.randn(4)
        yield numbers, ["Setosa ", "Versicolor ", "Virginica "][kind]


NAMES = {"versicolor": 1, "virginica": 2}


def label(name):
    return NAMES.get(name, 0)


rows = list(read(1200))
x = torch.stack([numbers for numbers, _ in rows])
x = (x - x.mean(0)) / x.std(0)
y = torch.tensor([label(name) for _, name in rows])
truth = torch.tensor([["S", "V", "V"].index(n[0]) if n[0] == "S" else 1 + (n[1] == "i") for _, n in rows])

model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 3))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
criterion = nn.CrossEntropyLoss()
for epoch in range(4):
    for a, b in DataLoader(TensorDataset(x[:900], y[:900]), batch_size=30, shuffle=True):
        optimizer.zero_grad()
        loss = criterion(model(a), b)
        loss.backward()
        optimizer.step()
    print(epoch, round(loss.item(), 4))
with torch.no_grad():
    out = model(x[900:])
finish(model, out, accuracy=(out.argmax(1) == truth[900:]).float().mean())
