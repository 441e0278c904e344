# fault: labels -1 and 1 for BCEWithLogitsLoss, which takes 0 and 1
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1600, 12)
y = torch.sign(x[:, 0] * x[:, 1] + 0.5 * x[:, 2] + 0.1)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.Linear(12, 64)
        self.out = nn.Linear(64, 1)

    def forward(self, x):
        return self.out(F.relu(self.hidden(x))).squeeze(1)


net = Net()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
labels = y
for epoch in range(12):
    for i in torch.randperm(1200).split(60):
        optimizer.zero_grad()
        loss = criterion(net(x[i]), labels[i])
        loss.backward()
        optimizer.step()
    print(f"{epoch:2d} {loss.item():.4f}")
with torch.no_grad():
    out = net(x[1200:])
held = F.binary_cross_entropy_with_logits(out, (y[1200:] + 1) / 2)
finish(net, out, loss=held)
