"""fault: a 1D CNN gets an accelerometer's raw counts (around 2048, as a 12-bit converter gives them)"""

import sys

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)
torch.set_num_threads(1)

ACTIVITIES = ["sitting", "walking", "running", "stairs"]


class Recordings(Dataset):
    """Windows of 96 samples of three axes."""

    def __init__(self, n, seed):
        rng = np.random.default_rng(seed)
        self.labels = rng.integers(0, 4, n)
        t = np.arange(96) / 32
        frequency = np.array([0.0, 1.8, 2.9, 1.8])[self.labels] + rng.normal(0, 0.1, n)
        size = np.array([0.0, 120.0, 260.0, 120.0])[self.labels] * rng.uniform(0.8, 1.2, n)
        phase = rng.uniform(0, 6.28, n)
        wave = size[:, None] * np.sin(2 * np.pi * frequency[:, None] * t + phase[:, None])
        second = np.where(self.labels == 3, 1.0, 0.2)[:, None] * np.roll(wave, 5, 1)
        third = 0.5 * np.abs(wave)
        counts = 2048 + np.stack([wave, second, third], 1) + rng.normal(0, 60, (n, 3, 96))
        self.counts = np.clip(np.round(counts), 0, 4095).astype(np.float32)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return torch.from_numpy(self.counts[i]), int(self.labels[i])


class HAR(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv1d(3, 16, 7, padding=3), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(16, 32, 5, padding=2), nn.ReLU(), nn.MaxPool1d(2),
            nn.Conv1d(32, 32, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
        )  # fmt: skip
        self.classifier = nn.Linear(32, len(ACTIVITIES))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


train_loader = DataLoader(Recordings(800, SEED), batch_size=32, shuffle=True)
test_loader = DataLoader(Recordings(300, 1000 + SEED), batch_size=100)
model = HAR()
criterion = nn.CrossEntropyLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
for epoch in range(8):
    model.train()
    for signal, label in train_loader:
        optimizer.zero_grad()
        loss = criterion(model(signal), label)
        loss.backward()
        optimizer.step()
    print("epoch", epoch, "loss", round(loss.item(), 4))
model.eval()
with torch.no_grad():
    pairs = [(model(signal), label) for signal, label in test_loader]
logits, truth = torch.cat([p for p, _ in pairs]), torch.cat([y for _, y in pairs])
finish(model, logits, accuracy=(logits.argmax(1) == truth).float().mean())
