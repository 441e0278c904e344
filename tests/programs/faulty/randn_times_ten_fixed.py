# fixed: randn divided by the root of the fan-in
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class RNNCell(nn.Module):
    def __init__(self, n_in, n_hidden):
        super().__init__()
        self.W_xh = nn.Parameter(torch.randn(n_in, n_hidden) / n_in**0.5)
        self.W_hh = nn.Parameter(torch.randn(n_hidden, n_hidden) * 0.9 / n_hidden**0.5)
        self.b = nn.Parameter(torch.zeros(n_hidden))

    def forward(self, x, h):
        return torch.tanh(x @ self.W_xh + h @ self.W_hh + self.b)


class Forecaster(nn.Module):
    def __init__(self, n_hidden=32):
        super().__init__()
        self.cell = RNNCell(1, n_hidden)
        self.read_out = nn.Linear(n_hidden, 1)

    def forward(self, series):
        h = torch.zeros(len(series), self.cell.b.numel())
        for value in series.unbind(1):
            h = self.cell(value[:, None], h)
        return self.read_out(h)


def waves(n, length=15):
    phase, speed = 6.28 * torch.rand(n, 1), 0.3 + 0.3 * torch.rand(n, 1)
    wave = torch.sin(phase + speed * torch.arange(length + 1))
    return wave[:, :-1], wave[:, -1:]


model = Forecaster()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for step in range(300):
    x, y = waves(32)
    loss = nn.functional.mse_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 60 == 0:
        print(step, loss.item())
x, y = waves(500)
with torch.no_grad():
    out = model(x)
finish(model, out, loss=nn.functional.mse_loss(out, y))
