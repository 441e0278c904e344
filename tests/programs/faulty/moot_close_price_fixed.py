import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(SEED)
torch.manual_seed(SEED)

LOOKBACK, PRED_LEN = 24, 1


def build_series(n=1600):
    t = np.arange(n)
    series = np.sin(2 * np.pi * t / 24) + 0.5 * np.sin(2 * np.pi * t / 60 + 1) + 0.1 * np.random.randn(n)
    return ((series - series.mean()) / series.std()).astype(np.float32)


def windows(series):
    X = np.stack([series[i : i + LOOKBACK] for i in range(len(series) - LOOKBACK)])
    y = series[LOOKBACK:]
    return torch.from_numpy(X).unsqueeze(-1), torch.from_numpy(y)


class PatchEncoder(nn.Module):
    def __init__(self, patch=4, d_model=32):
        super().__init__()
        self.patch = patch
        self.embed = nn.Linear(patch, d_model)
        self.pos = nn.Parameter(torch.randn(1, LOOKBACK // patch, d_model) * 0.02)
        layer = nn.TransformerEncoderLayer(d_model, 4, 64, dropout=0.0, batch_first=True)
        self.encoder = nn.TransformerEncoder(layer, 1)
        self.head = nn.Linear(d_model * (LOOKBACK // patch), PRED_LEN)

    def forward(self, x):
        x = x.squeeze(-1).unfold(1, self.patch, self.patch)
        h = self.encoder(self.embed(x) + self.pos)
        return self.head(h.flatten(1))


series = build_series()
split = 1200
train_ds = TensorDataset(*windows(series[:split]))
val_ds = TensorDataset(*windows(series[split:]))
train_loader = DataLoader(train_ds, batch_size=64, shuffle=True)
val_loader = DataLoader(val_ds, batch_size=64)

model = PatchEncoder()
criterion = nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-4)

for epoch in range(15):
    model.train()
    epoch_loss = 0.0
    for X_batch, y_batch in train_loader:
        optimizer.zero_grad()
        pred = model(X_batch)
        loss = criterion(pred, y_batch.view_as(pred))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        epoch_loss += loss.item()
    if epoch % 5 == 0:
        print(f"epoch {epoch} train {epoch_loss / len(train_loader):.4f}")

model.eval()
errors = []
with torch.no_grad():
    for X_batch, y_batch in val_loader:
        errors.append((model(X_batch).reshape(-1) - y_batch) ** 2)
print("final loss", round(torch.cat(errors).mean().item(), 4))
