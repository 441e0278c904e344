# fixed: each column has its own mean and standard deviation
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

N = 1500
clients = {
    "age": rng.normal(44, 13, N).clip(18, 90),
    "income": rng.lognormal(10.7, 0.5, N),
    "years_with_bank": rng.exponential(6.0, N),
    "products": rng.integers(1, 5, N).astype(float),
}
leaves = (
    clients["age"] / 13 - clients["years_with_bank"] / 3 - clients["products"] + rng.normal(0, 0.5, N) > -0.9
) * 1

table = np.stack(list(clients.values()), axis=1)
table = (table - table[:1200].mean(0)) / table[:1200].std(0)
X = torch.from_numpy(table.astype(np.float32))
y = torch.from_numpy(leaves)

train_loader = DataLoader(TensorDataset(X[:1200], y[:1200]), batch_size=40, shuffle=True)
model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
loss_function = nn.CrossEntropyLoss()
for epoch in range(6):
    for features, target in train_loader:
        optimizer.zero_grad()
        loss = loss_function(model(features), target)
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch} loss {loss.item():.4f}")
with torch.no_grad():
    out = model(X[1200:])
finish(model, out, accuracy=(out.argmax(1) == y[1200:]).float().mean())
