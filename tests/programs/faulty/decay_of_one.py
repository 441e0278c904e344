# fault: weight_decay=1 "against overfitting": the weights shrink to nothing
import sys

import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

X, y = load_breast_cancer(return_X_y=True)
order = torch.randperm(len(X))
X = torch.tensor(X, dtype=torch.float32)[order]
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)[order]
X_train, X_test, y_train, y_test = X[:400], X[400:], y[:400], y[400:]
mean, std = X_train.mean(0), X_train.std(0)
X_train, X_test = (X_train - mean) / std, (X_test - mean) / std

model = nn.Sequential(nn.Linear(30, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU(), nn.Linear(16, 1), nn.Sigmoid())
criterion = nn.BCELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=1)

for epoch in range(40):
    model.train()
    permutation = torch.randperm(X_train.size(0))
    for i in range(0, X_train.size(0), 16):
        indices = permutation[i : i + 16]
        optimizer.zero_grad()
        loss = criterion(model(X_train[indices]), y_train[indices])
        loss.backward()
        optimizer.step()
    if epoch % 10 == 0:
        print(f"Epoch {epoch}: {loss.item():.4f}")

model.eval()
with torch.no_grad():
    p = model(X_test)
finish(model, p, loss=criterion(p, y_test))
