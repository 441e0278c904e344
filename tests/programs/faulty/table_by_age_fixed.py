# fixed: the DataLoader shuffles
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def people(n):
    age = torch.rand(n).sort().values
    others = torch.randn(n, 9)
    pressure = 2 * age + torch.sin(6 * age) * others[:, 0] + 0.3 * others[:, 1]
    return torch.cat([2 * age[:, None] - 1, others], 1), (pressure - 1).unsqueeze(1)


x, y = people(2000)
test_x, test_y = people(1000)
loader = DataLoader(TensorDataset(x, y), batch_size=20, shuffle=True)

model = nn.Sequential(nn.Linear(10, 64), nn.ReLU(), nn.Linear(64, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(4):
    total = 0.0
    for inputs, targets in loader:
        optimizer.zero_grad()
        loss = F.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        total += loss.item()
    print(f"epoch {epoch}: {total / len(loader):.4f}")
with torch.no_grad():
    out = model(test_x)
finish(model, out, loss=F.mse_loss(out, test_y))
