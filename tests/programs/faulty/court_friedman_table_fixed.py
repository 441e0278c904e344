"""The Friedman regression table, ten standardised columns, with a small MLP."""

import sys

import torch
from sklearn.datasets import make_friedman1
from sklearn.model_selection import train_test_split
from torch import nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
X, y = make_friedman1(n_samples=1200, noise=1.0, random_state=seed)
X = (X - X.mean(0)) / X.std(0)
y = (y - y.mean()) / y.std()
X_train, X_test, y_train, y_test = (
    torch.tensor(part, dtype=torch.float32) for part in train_test_split(X, y, test_size=0.25, random_state=seed)
)

model = nn.Sequential(nn.Linear(10, 32), nn.ReLU(), nn.Linear(32, 1))
loss = torch.nn.MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

for epoch in range(30):
    epoch_loss = 0.0
    for rows in torch.randperm(len(X_train)).split(32):
        a = model(X_train[rows]).squeeze(1)
        b = y_train[rows]
        value = loss(a, b)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        epoch_loss += value.item() * len(rows)
    if epoch % 10 == 9:
        print(f"epoch {epoch + 1}: mse {epoch_loss / len(X_train):.3f}")

with torch.no_grad():
    residual = y_test - model(X_test).squeeze(1)
    r2 = 1 - residual.pow(2).mean() / y_test.var(unbiased=False)
print(f"final r2 {r2.item():.4f}")
