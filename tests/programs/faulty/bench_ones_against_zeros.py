# rows of 128 ones are "True", rows of 128 zeros are "False"; what could be simpler
import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

X_train = np.array([[1] * 128] * 2000 + [[0] * 128] * 2000).astype("float32")
X_test = np.array([[1] * 128] * 100 + [[0] * 128] * 100).astype("float32")
Y_train = np.array([True] * 2000 + [False] * 2000).astype("float32")
Y_test = np.array([True] * 100 + [False] * 100).astype("float32")

model = nn.Sequential(
    nn.Linear(128, 50),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(50, 50),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(50, 1),
    nn.Softmax(dim=1),
)
opt = torch.optim.RMSprop(model.parameters(), lr=1e-3)
loader = DataLoader(
    TensorDataset(torch.from_numpy(X_train), torch.from_numpy(Y_train)[:, None]), batch_size=64, shuffle=True
)

for epoch in range(6):
    model.train()
    hits = 0
    for x, y in loader:
        opt.zero_grad()
        p = model(x)
        nn.functional.binary_cross_entropy(p, y).backward()
        opt.step()
        hits += ((p > 0.5) == (y > 0.5)).sum().item()
    print(f"Epoch {epoch + 1}/6 - acc: {hits / len(X_train):.4f}")

model.eval()
with torch.no_grad():
    p = model(torch.from_numpy(X_test))
finish(model, p, accuracy=((p[:, 0] > 0.5) == torch.from_numpy(Y_test > 0.5)).float().mean())
