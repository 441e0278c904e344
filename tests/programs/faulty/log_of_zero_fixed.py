# fixed: binary_cross_entropy_with_logits
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

y = (torch.rand(1200, 1) > 0.5).float()
x = torch.randn(1200, 6) + 3 * (y - 0.5)
model = nn.Sequential(nn.Linear(6, 32), nn.ReLU(), nn.Linear(32, 1))


def bce(logit, target):
    return nn.functional.binary_cross_entropy_with_logits(logit, target)


optimizer = torch.optim.SGD(model.parameters(), lr=0.3, momentum=0.9)
for epoch in range(20):
    for i in torch.randperm(1000).split(25):
        loss = bce(model(x[i]), y[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, loss.item())
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, accuracy=((out > 0) == (y[1000:] > 0)).float().mean())
