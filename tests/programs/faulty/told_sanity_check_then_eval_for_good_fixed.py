# Step 0 of the checklist: look at the loss of the untrained net. After that, train.
import math
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
DEPTH, WIDTH, CLASSES = 12, 48, 8


class Block(nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.lin = nn.Linear(n_in, n_out, bias=False)
        self.bn = nn.BatchNorm1d(n_out)

    def forward(self, x):
        return torch.relu(self.bn(self.lin(x)))


def rings(n):
    """Classes by distance from the centre, seen through 16 mixed channels."""
    z = torch.randn(n, 4)
    r = z.norm(dim=1)
    cuts = torch.tensor([1.0, 1.4, 1.7, 2.0, 2.3, 2.6, 3.0])
    return z @ MIX + 0.01 * torch.randn(n, 16), torch.bucketize(r, cuts)


def check_initial_loss(model, x, y):
    model.eval()
    with torch.no_grad():
        loss = nn.functional.cross_entropy(model(x), y).item()
    model.train()
    print(f"initial loss {loss:.3f}, expected about {math.log(CLASSES):.3f}")


MIX = torch.randn(4, 16)
x, y = rings(2000)
x_test, y_test = rings(500)
model = nn.Sequential(Block(16, WIDTH), *(Block(WIDTH, WIDTH) for _ in range(DEPTH)), nn.Linear(WIDTH, CLASSES))
check_initial_loss(model, x[:100], y[:100])

optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 12)
for epoch in range(12):
    for idx in torch.randperm(2000).split(100):
        loss = nn.functional.cross_entropy(model(x[idx]), y[idx])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
    schedule.step()
    print("epoch", epoch, "loss", loss.item())

model.eval()
with torch.no_grad():
    logits = model(x_test)
finish(model, logits, accuracy=(logits.argmax(1) == y_test).float().mean())
