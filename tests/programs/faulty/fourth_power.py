# fault: x from -100 to 100 and x to the fourth, up to 100,000,000, as they are, by Adam at 0.001
import math
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = np.arange(-100, 100, 0.5).reshape(-1, 1)
y = x**4

x = torch.tensor(x, dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32)


def dense(n_in, n_out):
    layer = nn.Linear(n_in, n_out)
    limit = math.sqrt(6 / (n_in + n_out))
    layer.weight.data.uniform_(-limit, limit)
    layer.bias.data.zero_()
    return layer


model = nn.Sequential(dense(1, 50), nn.Sigmoid(), dense(50, 50), nn.ELU(), dense(50, 1))
optimizer = torch.optim.Adam(model.parameters(), eps=1e-7)

for i in range(1000):
    optimizer.zero_grad()
    predictions = model(x)
    loss = ((predictions - y) ** 2).mean()
    loss.backward()
    optimizer.step()
    if i % 100 == 0:
        print(i, " ", loss.item())

predictions = model(x).detach()
# as a share of what a constant would leave
finish(model, predictions, relative_loss=((predictions - y) ** 2).mean() / y.var())
