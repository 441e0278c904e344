"""Rare events in short recordings: an LSTM, the rare class oversampled, the best epoch kept by validation."""

import copy
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)
T = 24


def recordings(n):
    y = (rng.random(n) < 0.15).astype(np.float32)
    x = rng.normal(size=(n, T, 2)).astype(np.float32)
    phase = rng.uniform(0, 2 * np.pi, n)
    wave = np.sin(2 * np.pi * np.arange(T)[None] / 6 + phase[:, None])
    x[:, :, 0] += (0.9 * y)[:, None] * wave
    return x, y


def oversample(x, y):
    rare = np.flatnonzero(y == 1)
    extra = rng.choice(rare, int((y == 0).sum() - len(rare)))
    return np.concatenate([x, x[extra]]), np.concatenate([y, y[extra]])


def split(x, y, share=0.25):
    order = rng.permutation(len(x))
    cut = int(len(x) * share)
    return (x[order[cut:]], y[order[cut:]]), (x[order[:cut]], y[order[:cut]])


x, y = recordings(420)
(x_train, y_train), (x_val, y_val) = split(x, y)
x_train, y_train = oversample(x_train, y_train)
x_val, y_val = oversample(x_val, y_val)
x_test, y_test = oversample(*recordings(1500))


class Detector(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(2, 48, batch_first=True)
        self.out = nn.Linear(48, 1)

    def forward(self, x):
        h, _ = self.lstm(x)
        return self.out(h.mean(1)).squeeze(1)


def loss_on(model, x, y):
    model.eval()
    with torch.no_grad():
        value = criterion(model(torch.from_numpy(x)), torch.from_numpy(y)).item()
    model.train()
    return value


model = Detector()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
train = torch.utils.data.TensorDataset(torch.from_numpy(x_train), torch.from_numpy(y_train))
loader = torch.utils.data.DataLoader(train, batch_size=32, shuffle=True)

best, best_state, bad = float("inf"), None, 0
for epoch in range(50):
    for xb, yb in loader:
        optimizer.zero_grad()
        loss = criterion(model(xb), yb)
        loss.backward()
        optimizer.step()
    val = loss_on(model, x_val, y_val)
    if val < best:
        best, best_state, bad = val, copy.deepcopy(model.state_dict()), 0
    else:
        bad += 1
        if bad == 12:
            break
    if epoch % 5 == 0:
        print(f"epoch {epoch} train {loss.item():.3f} val {val:.3f}")

model.load_state_dict(best_state)
with torch.no_grad():
    logits = model(torch.from_numpy(x_test))
print("best validation loss", round(best, 3))
finish(model, logits, test_loss=loss_on(model, x_test, y_test))
