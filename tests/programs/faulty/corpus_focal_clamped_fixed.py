# breast cancer with a focal loss of my own; the loss becomes nan after a while
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
np.random.seed(seed)


class FocalLoss(nn.Module):
    def __init__(self, gamma=0.0, eps=1e-8):
        super(FocalLoss, self).__init__()
        self.gamma = gamma
        self.eps = eps

    def forward(self, y_pred, y_true):
        eps = self.eps
        y_pred = torch.clamp(y_pred, eps, 1 - eps)
        loss = torch.sum(
            y_true * torch.pow(1 - y_pred, self.gamma) * torch.log(y_pred + eps)
            + (1 - y_true) * torch.pow(y_pred, self.gamma) * torch.log(1 - y_pred + eps),
            dim=1,
        )
        return -1.0 * loss.sum() / y_pred.size(0)


X, y = load_breast_cancer(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, random_state=seed, stratify=y)
scaler = StandardScaler().fit(X_train)
X_train = torch.tensor(scaler.transform(X_train), dtype=torch.float32)
X_test = torch.tensor(scaler.transform(X_test), dtype=torch.float32)
y_train = torch.tensor(y_train, dtype=torch.float32).unsqueeze(1)
y_test = torch.tensor(y_test, dtype=torch.float32).unsqueeze(1)

model = nn.Sequential(nn.Linear(30, 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 1), nn.Sigmoid())
criterion = FocalLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
train_loader = DataLoader(TensorDataset(X_train, y_train), batch_size=32, shuffle=True)

for epoch in range(60):
    epoch_loss = 0
    for X_batch, y_batch in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(X_batch), y_batch)
        loss.backward()
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 5 == 4:
        print(f"Epoch {epoch + 1:03}: | Loss: {epoch_loss / len(train_loader):.5f}")

with torch.no_grad():
    y_pred = model(X_test)
acc = ((y_pred > 0.5).float() == y_test).float().mean()
print("test accuracy", acc.item())
finish(model, y_pred, accuracy=acc)
