"""Fine-tunes an audio encoder: the new head first, then everything."""

import sys

import torch
from torch import nn


def set_requires_grad(model, val):
    for p in model.parameters():
        if p.requires_grad:
            p.requires_grad = val


class AudioEncoder(nn.Module):
    def __init__(self, d=32):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
            nn.Conv2d(8, 16, 3, padding=1),
            nn.BatchNorm2d(16),
            nn.ReLU(),
            nn.MaxPool2d(2, 2),
        )
        self.fc = nn.Sequential(nn.Linear(16 * 4, d), nn.ReLU())

    def forward(self, x):
        x = self.features(x).mean(3)
        return self.fc(x.flatten(1))


class TaskNetwork(nn.Module):
    def __init__(self, encoder, n_class):
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(32, n_class)

    def forward(self, x):
        return self.head(self.encoder(x))


def sounds(n, n_class=6, mels=16, frames=24):
    y = torch.randint(n_class, (n,))
    x = 0.7 * torch.randn(n, 1, mels, frames)
    t = torch.arange(frames)
    for i in range(n):
        k = y[i].item()
        slope = (-0.5, -0.25, 0.25, 0.5, 0.0, 0.0)[k]
        pulse = torch.sin(t * (1.2 if k == 5 else 0.4)) if k >= 4 else 1.0
        track = ((torch.randint(mels, (1,)) + slope * t) % mels).long()
        x[i, 0, track, t] += 2.0 * pulse
    return x, y


def run_epoch(model, x, y, optimizer):
    model.train()
    for idx in torch.randperm(len(x)).split(32):
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
x, y = sounds(960)
x_test, y_test = sounds(300)
model = TaskNetwork(AudioEncoder(), 6)
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)

set_requires_grad(model.encoder, False)
for epoch in range(2):
    print("head only", epoch, run_epoch(model, x, y, optimizer))
set_requires_grad(model.encoder, True)
for epoch in range(12):
    print("all", epoch, run_epoch(model, x, y, optimizer))

model.eval()
with torch.no_grad():
    accuracy = (model(x_test).argmax(1) == y_test).float().mean().item()
print("final accuracy", round(accuracy, 4))
