import sys

import torch
import torch.nn as nn
from torch.utils import data


def test_torch(seed):
    torch.manual_seed(seed)
    x = torch.randn(20000, 2)
    y = torch.sin(x[:, 0] * x[:, 1]).unsqueeze(1)
    table = torch.cat([x, y], dim=1)

    model = nn.Sequential(
        nn.Linear(2, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 20),
        nn.ReLU(),
        nn.Linear(20, 1),
    )
    criterion = torch.nn.L1Loss()
    opt = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = data.DataLoader(table, batch_size=100, shuffle=True)
    for epoch in range(10):
        total = 0.0
        for rows in loader:
            opt.zero_grad()
            loss = criterion(model(rows[:, :2]), rows[:, 2:])
            loss.backward()
            opt.step()
            total += loss.item()
        print(f"epoch {epoch}: {total / len(loader):.4f}")
    with torch.no_grad():
        print(f"final loss {criterion(model(x), y).item():.4f}")


test_torch(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
