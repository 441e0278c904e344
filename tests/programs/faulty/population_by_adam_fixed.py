# fixed: targets standardised
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
np.random.seed(seed)
torch.manual_seed(seed)
torch.set_num_threads(1)

# towns: area, jobs, schools, distance to the capital (all standardised)
features = np.random.randn(800, 4)
population = 1_200_000 + 250_000 * features[:, 0] + 180_000 * np.tanh(features[:, 1]) * features[:, 2]
population += 20_000 * np.random.randn(800)
target = (population - population.mean()) / population.std()
dataset = TensorDataset(torch.Tensor(features), torch.Tensor(target).view(-1, 1))
train, val = torch.utils.data.random_split(dataset, [600, 200])
loader = DataLoader(train, batch_size=32, shuffle=True)

model = nn.Sequential(nn.Linear(4, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
criterion = nn.L1Loss()
for epoch in range(25):
    model.train()
    for x, t in loader:
        optimizer.zero_grad()
        loss = criterion(model(x), t)
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"Epoch {epoch} L1 {loss.item():,.3f}")
model.eval()
x, t = val[:]
with torch.no_grad():
    out = model(x)
finish(model, out, loss=criterion(out, t) / t.std())
