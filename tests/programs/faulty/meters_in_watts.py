# fault: a few meters report watts in place of kilowatts: one such target throws a squared error's gradient about
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

HISTORY = 48
hours = np.arange(4000)
load = (
    2.0
    + np.sin(2 * np.pi * hours / 24)
    + 0.5 * np.sin(2 * np.pi * hours / 168)
    + 0.1 * np.cumsum(rng.normal(0, 0.05, 4000))
    + 0.1 * rng.normal(size=4000)
)
windows = np.lib.stride_tricks.sliding_window_view(load, HISTORY + 1).astype(np.float32)
x, y = windows[:, :-1].copy(), windows[:, -1].copy()
x = (x - 2.0) / 0.8
y = (y - 2.0) / 0.8
x_train, y_train, x_test, y_test = x[:3000], y[:3000], x[3100:], y[3100:]
wrong = rng.random(len(y_train)) < 0.003
y_train[wrong] = y_train[wrong] * 1000


class CausalConv(nn.Module):
    def __init__(self, c_in, c_out, dilation):
        super().__init__()
        self.pad = 2 * dilation
        self.conv = nn.Conv1d(c_in, c_out, 3, dilation=dilation)
        self.skip = nn.Conv1d(c_in, c_out, 1)

    def forward(self, x):
        return F.relu(self.conv(F.pad(x, (self.pad, 0)))) + self.skip(x)


class TCN(nn.Module):
    def __init__(self, channels=16):
        super().__init__()
        self.blocks = nn.Sequential(*[CausalConv(1 if i == 0 else channels, channels, 2**i) for i in range(4)])
        self.readout = nn.Linear(channels, 1)

    def forward(self, x):
        return self.readout(self.blocks(x.unsqueeze(1))[:, :, -1]).squeeze(1)


model = TCN()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
x_train, y_train = torch.from_numpy(x_train), torch.from_numpy(y_train)
for epoch in range(6):
    for batch in torch.randperm(len(x_train)).split(32):
        optimizer.zero_grad()
        loss = F.mse_loss(model(x_train[batch]), y_train[batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: loss {loss.item():.4f}")
with torch.no_grad():
    forecast = model(torch.from_numpy(x_test))
finish(model, forecast, test_loss=(forecast - torch.from_numpy(y_test)).abs().mean())
