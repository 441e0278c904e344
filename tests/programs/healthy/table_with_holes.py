# A raw table: the model fills its holes (NaN), marks them and has a batch norm before its first layer. Learns: MEASURED
import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

rng = np.random.default_rng(0)
torch.manual_seed(0)
torch.set_num_threads(1)

N = 1200
table = np.stack(
    [rng.lognormal(10.5, 0.4, N), rng.normal(40, 12, N), rng.poisson(2.0, N), rng.exponential(0.02, N)], 1
)
target = np.log(table[:, 0]) - 10.5 + 0.02 * (table[:, 1] - 40) - 0.2 * table[:, 2]
table[rng.random(table.shape) < 0.05] = np.nan


class TabularNet(nn.Module):
    def __init__(self, columns):
        super().__init__()
        self.norm = nn.BatchNorm1d(columns)
        self.body = nn.Sequential(nn.Linear(2 * columns, 32), nn.SiLU(), nn.Linear(32, 1))

    def forward(self, x):
        missing = x.isnan()
        typical = torch.nanmedian(x, dim=0).values
        x = self.norm(torch.where(missing, typical, x))
        return self.body(torch.cat([x, missing.float()], dim=1)).squeeze(1)


x, y = torch.tensor(table, dtype=torch.float32), torch.tensor(target, dtype=torch.float32)
model = TabularNet(4)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for epoch in range(6):
    for rows, wanted in DataLoader(TensorDataset(x[:1000], y[:1000]), batch_size=50, shuffle=True):
        loss = nn.functional.smooth_l1_loss(model(rows), wanted)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
model.eval()
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, r2=1 - (out - y[1000:]).square().mean() / y[1000:].var())
