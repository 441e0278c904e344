# nn.GRUCell unrolled in a Python loop on the adding problem, RMSprop, smooth L1. Learns: MEASURED
import torch
from torch import nn

from digest import finish

torch.manual_seed(2)
torch.set_num_threads(1)
T = 8


def batch(n):
    values = torch.rand(n, T)
    marks = torch.zeros(n, T)
    first = torch.randint(0, T // 2, (n, 1))
    second = torch.randint(T // 2, T, (n, 1))
    marks.scatter_(1, first, 1).scatter_(1, second, 1)
    return torch.stack([values - 0.5, marks], -1), (values * marks).sum(1)


class Adder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.GRUCell(2, 32)
        self.readout = nn.Linear(32, 1)

    def forward(self, x):
        h = x.new_zeros(len(x), 32)
        for t in range(x.shape[1]):
            h = self.cell(x[:, t], h)
        return self.readout(h).squeeze(-1)


model = Adder()
optimizer = torch.optim.RMSprop(model.parameters(), lr=3e-3)
for i in range(450):
    x, y = batch(64)
    loss = nn.functional.smooth_l1_loss(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    torch.nn.utils.clip_grad_value_(model.parameters(), 0.5)
    optimizer.step()
    if i % 90 == 0:
        print(i, f"{loss.item():.5f}")

x, y = batch(500)
with torch.no_grad():
    y_hat = model(x)
finish(model, y_hat, r2=1 - (y_hat - y).pow(2).mean() / y.var())
