# fixed: targets (N,)
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

import warnings


def sequences(n):
    phase, speed = torch.rand(n, 1) * 6.28, 0.2 + 0.5 * torch.rand(n, 1)
    wave = torch.sin(phase + speed * torch.arange(21))
    return wave[:, :20].unsqueeze(2), wave[:, 20:]


x, y = sequences(1200)
lstm, head = nn.LSTM(1, 32, batch_first=True), nn.Linear(32, 1)
params = [*lstm.parameters(), *head.parameters()]


def forecast(x):
    states, _ = lstm(x)
    return head(states[:, -1])[:, 0]


criterion = nn.SmoothL1Loss()
optimizer = torch.optim.Adam(params, lr=5e-3)
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for epoch in range(12):
        for i in torch.randperm(1000).split(50):
            optimizer.zero_grad()
            loss = criterion(forecast(x[i]), y[i, 0])
            loss.backward()
            optimizer.step()
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = forecast(x[1000:])
finish(params, out, loss=F.mse_loss(out, y[1000:, 0]))
