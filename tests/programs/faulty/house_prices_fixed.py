# fixed: standardised column by column
import sys

import numpy as np
import torch
import torch.nn as nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
rng = np.random.default_rng(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

n = 1200
area = rng.uniform(40, 300, n)
rooms = np.round(area / 35 + rng.normal(0, 1, n))
year = rng.integers(1900, 2020, n)
distance = rng.uniform(200, 20000, n)
price = (
    area / 100 + 0.2 * rooms + np.where(year > 1990, 0.8, 0) - 0.3 * np.log(distance / 1000) + rng.normal(0, 0.1, n)
)
table = np.stack([area, rooms, year, distance], axis=1)
X = torch.tensor(table, dtype=torch.float32)
X = (X - X.mean(0)) / X.std(0)
y = torch.tensor((price - price.mean()) / price.std(), dtype=torch.float32).unsqueeze(1)


class Regressor(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(4, 64)
        self.hidden2 = nn.Linear(64, 32)
        self.predict = nn.Linear(32, 1)

    def forward(self, x):
        x = torch.relu(self.hidden(x))
        x = torch.relu(self.hidden2(x))
        return self.predict(x)


net = Regressor()
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
loss_func = nn.MSELoss()
for epoch in range(25):
    for i in torch.randperm(1000).split(50):
        loss = loss_func(net(X[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = net(X[1000:])
finish(net, out, r2=1 - loss_func(out, y[1000:]) / y[1000:].var())
