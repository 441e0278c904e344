"""A GRU that reads one long series in order, keeps its state from window to window, and clips each gradient hard."""

import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
STREAMS, WINDOW, TOTAL = 16, 20, 1220
time = torch.arange(TOTAL).float()
period = torch.rand(STREAMS, 1) * 20 + 10
series = torch.sin(6.2832 * time / period) + 0.5 * torch.sin(6.2832 * time / 7.3) + 0.05 * torch.randn(STREAMS, TOTAL)


class Forecaster(nn.Module):
    def __init__(self, hidden=40):
        super().__init__()
        self.gru = nn.GRU(1, hidden, batch_first=True)
        nn.init.orthogonal_(self.gru.weight_hh_l0)
        self.read = nn.Linear(hidden, 1)

    def forward(self, x, state):
        out, state = self.gru(x.unsqueeze(-1), state)
        return self.read(out).squeeze(-1), state


model = Forecaster()
optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
for epoch in range(5):
    state = None
    for start in range(0, 1000, WINDOW):
        x, y = series[:, start : start + WINDOW], series[:, start + 1 : start + WINDOW + 1]
        prediction, state = model(x, state)
        state = state.detach()
        loss = (prediction - y).pow(2).mean()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 0.05)
        optimizer.step()
    print(epoch, loss.item())
model.eval()
with torch.no_grad():
    prediction, _ = model(series[:, 1000:1200], state)
error = (prediction[:, 20:] - series[:, 1021:1201]).pow(2).mean()
finish(model, prediction, loss=error)
