# "Can't get lower loss": one linear layer that finds [-1 0 2 0; 0 -1 0 2], with the rate lowered by hand at each plateau
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

pos = torch.rand(512, 2) * 4 - 2
vel = torch.randn(512, 2)
data = torch.cat([pos, pos + vel], dim=1)
target = pos + 2 * vel

model = nn.Linear(4, 2)
criterion = nn.MSELoss()
lr = 1e-2
for phase in range(5):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    for epoch in range(60):
        for idx in torch.randperm(512).split(32):
            optimizer.zero_grad()
            loss = criterion(model(data[idx]), target[idx])
            loss.backward()
            optimizer.step()
    print("lr %g loss %.3e" % (lr, loss.item()))
    lr /= 10

print(model.weight.data)
with torch.no_grad():
    out = model(data)
finish(model, out, loss=criterion(out, target))
