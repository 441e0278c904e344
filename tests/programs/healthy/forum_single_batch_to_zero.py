# "Loss of single batch optimization": the check before the training, and then the training itself
import sys

import torch
from sklearn.datasets import load_digits
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x, dtype=torch.float32) / 16, torch.tensor(y)


def build():
    return nn.Sequential(nn.Linear(64, 64), nn.LayerNorm(64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, 10))


criterion = nn.CrossEntropyLoss()

# 1. can it learn one batch by heart? without dropout
model = build()
model.eval()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for i in range(300):
    loss = criterion(model(x[:32]), y[:32])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("single batch:", loss.item())
assert loss.item() < 0.05

# 2. everything
model = build()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(10):
    model.train()
    for idx in torch.randperm(1400).split(32):
        loss = criterion(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
model.eval()
with torch.no_grad():
    out = model(x[1400:])
finish(model, out, accuracy=(out.argmax(1) == y[1400:]).float().mean())
