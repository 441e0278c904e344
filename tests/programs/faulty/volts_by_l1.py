# fault: gradient descent on 160 voltages around 3, which are not centred: each step leaps over the valley
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Gauge(nn.Module):
    """The temperature of a furnace, by the voltages of its sensors."""

    def __init__(self, sensors):
        super().__init__()
        self.linear = nn.Linear(sensors, 1)

    def forward(self, volts):
        return self.linear(volts).squeeze(1)


heat = torch.randn(400)
follows = torch.linspace(-1, 1, 160)
volts = 3 + 0.5 * heat[:, None] * follows + 0.8 * torch.randn(400, 160)
train, test = slice(0, 300), slice(300, None)

gauge = Gauge(160)
criterion = nn.L1Loss()
optimizer = torch.optim.SGD(gauge.parameters(), lr=0.003)
for step in range(200):
    optimizer.zero_grad()
    loss = criterion(gauge(volts[train]), heat[train])
    loss.backward()
    optimizer.step()
    if step % 39 == 0:
        print(f"step {step:3}  off by {loss.item():.3f}")
with torch.no_grad():
    out = gauge(volts[test])
    test_loss = criterion(out, heat[test])
finish(gauge, out, test_loss=test_loss)
