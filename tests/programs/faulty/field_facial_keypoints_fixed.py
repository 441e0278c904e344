# GitHub subject of DeepLocalize, Kaggle's facial keypoints ("single hidden layer"): 9216-50-100-30 without activations,
# mean squared error. Fixed as there: SGD with lr=0.01, Nesterov momentum, gradients clipped to 1.
import sys

import numpy as np
import torch
from torch import nn

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
torch.set_num_threads(1)


def load(n=640):
    """Faces of 96x96 pixels in place of Kaggle's: an oval, 15 dark spots where the keypoints are."""
    rng = np.random.default_rng(42)
    face = rng.uniform(-22, 22, (15, 2)).astype(np.float32)
    where = 48 + face * rng.uniform(0.8, 1.2, (n, 1, 1)) + rng.uniform(-8, 8, (n, 1, 2))
    rows, cols = np.mgrid[0:96, 0:96].astype(np.float32)
    X = np.empty((n, 96, 96), np.float32)
    for i in range(n):
        cy, cx = where[i].mean(0)
        X[i] = 0.2 + 0.5 * np.exp(-(((rows - cy) / 30) ** 2 + ((cols - cx) / 24) ** 2))
        for y, x in where[i]:
            X[i] -= 0.3 * np.exp(-((rows - y) ** 2 + (cols - x) ** 2) / 8)
    X = (X + 0.02 * rng.standard_normal(X.shape)).clip(0, 1).reshape(n, -1)
    y = (where.reshape(n, 30) - 48) / 48  # scale target coordinates to [-1, 1]
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)


X, y = load()
print(f"X.shape == {tuple(X.shape)}; X.min == {X.min():.3f}; X.max == {X.max():.3f}")
print(f"y.shape == {tuple(y.shape)}; y.min == {y.min():.3f}; y.max == {y.max():.3f}")

# Version - Single Hidden Layer
model = nn.Sequential(
    nn.Linear(9216, 50),  # Input Batches of 96x96 input pixels per batch
    nn.Linear(50, 100),
    nn.Linear(100, 30),  # 30 to represent 30 facial keypoints.
)
for layer in model:
    nn.init.xavier_uniform_(layer.weight)
    nn.init.zeros_(layer.bias)

optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, nesterov=True)
mse = nn.MSELoss()
for epoch in range(20):
    total = 0.0
    for batch in torch.randperm(512).split(32):
        optimizer.zero_grad()
        loss = mse(model(X[batch]), y[batch])
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1)
        optimizer.step()
        total += loss.item()
    print(f"Epoch {epoch + 1}/20 - loss: {total / 16:.4f}")

with torch.no_grad():
    out = model(X[512:])
finish(model, out, test_loss=mse(out, y[512:]))
