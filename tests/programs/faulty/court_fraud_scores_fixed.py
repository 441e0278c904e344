"""Fraud detection on tabular transactions; per-epoch validation picks up the log loss."""

import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

N = 4000
amount = torch.randn(N)
hour = torch.rand(N) * 6.28
history = torch.randn(N, 6)
risk = 2.2 * amount * torch.sin(hour) + 2.0 * torch.relu(history[:, 0]) - 1.5 * history[:, 1] * history[:, 2]
fraud = (risk > 1.2).float()
features = torch.cat([amount[:, None], hour.sin()[:, None], hour.cos()[:, None], history], 1)
train_ds, val_ds = random_split(TensorDataset(features, fraud), [3200, 800])


class FraudNet(nn.Module):
    def __init__(self, p=0.5):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(9, 128),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(128, 128),
            nn.ReLU(),
            nn.Dropout(p),
            nn.Linear(128, 1),
        )

    def forward(self, x):
        return self.net(x).squeeze(-1)


def run_epoch(model, loader, criterion, optimizer=None):
    total = 0.0
    with torch.set_grad_enabled(optimizer is not None):
        for xb, yb in loader:
            loss = criterion(model(xb), yb)
            if optimizer is not None:
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            total += loss.item() * len(yb)
    return total / len(loader.dataset)


train_dl = DataLoader(train_ds, batch_size=64, shuffle=True)
val_dl = DataLoader(val_ds, batch_size=200)
model = FraudNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(15):
    model.train()
    train_loss = run_epoch(model, train_dl, criterion, optimizer)
    model.eval()
    val_loss = run_epoch(model, val_dl, criterion)
    if epoch % 3 == 2:
        print(f"epoch {epoch + 1:2d}  train {train_loss:.4f}  val {val_loss:.4f}")
print(f"final val_loss {val_loss:.4f}")
