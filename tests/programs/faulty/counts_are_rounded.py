# fault: predicted counts are rounded before the loss, whose gradient is then zero
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(6, 32), nn.Linear(32, 32), nn.Linear(32, 1)])

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = nn.functional.silu(layer(x))
        return self.layers[-1](x).squeeze(1)


x = torch.rand(900, 6)
counts = (4 * x[:, 0] + 3 * x[:, 1] * x[:, 2]).round()
model = Counter()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
loss_function = nn.MSELoss()
for step in range(300):
    rows = torch.randint(0, 700, (64,))
    predicted = model(x[rows])
    loss = loss_function(torch.round(predicted), counts[rows])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, round(loss.item(), 3))
with torch.no_grad():
    out = model(x[700:])
finish(model, out, loss=loss_function(out.round(), counts[700:]))
