# Which pumps will fail within a week? Readings of ten sensors.
import sys

import numpy as np
import torch
import torch.nn as nn
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, Dataset

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

LEVEL = rng.uniform(5, 40, 10)
SWING = rng.uniform(2, 12, 10)
BLEND = rng.standard_normal((10, 10)) / 3
TASTE = rng.standard_normal(10)


def readings(n):
    z = rng.standard_normal((n, 10))
    risk = np.tanh(z @ BLEND) @ TASTE + 0.5 * z[:, 0] * z[:, 1]
    return LEVEL + SWING * z, (risk > 0).astype("float32")


class PumpDataset(Dataset):
    def __init__(self, sensors, failed):
        self.sensors = torch.tensor(sensors, dtype=torch.float32)
        self.failed = torch.tensor(failed)

    def __len__(self):
        return len(self.failed)

    def __getitem__(self, i):
        return self.sensors[i], self.failed[i]


raw_train, y_train = readings(3000)
raw_val, y_val = readings(1000)

scaler = StandardScaler()
train_set = PumpDataset(scaler.fit_transform(raw_train), y_train)
val_set = PumpDataset(raw_val, y_val)
train_loader = DataLoader(train_set, batch_size=50, shuffle=True)
val_loader = DataLoader(val_set, batch_size=250)


class PumpNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(10, 48), nn.ReLU(), nn.Linear(48, 24), nn.ReLU())
        self.head = nn.Linear(24, 1)

    def forward(self, x):
        return self.head(self.body(x)).squeeze(-1)


net = PumpNet()
optimizer = torch.optim.AdamW(net.parameters(), lr=2e-3)
criterion = nn.BCEWithLogitsLoss()

for epoch in range(8):
    net.train()
    running = 0.0
    for sensors, failed in train_loader:
        optimizer.zero_grad()
        loss = criterion(net(sensors), failed)
        loss.backward()
        optimizer.step()
        running += loss.item()

    net.eval()
    right = 0
    with torch.no_grad():
        for sensors, failed in val_loader:
            right += ((net(sensors) > 0).float() == failed).sum().item()
    print(f"epoch {epoch}  train loss {running / len(train_loader):.3f}  val acc {right / len(val_set):.3f}")

print("final accuracy", right / len(val_set))
