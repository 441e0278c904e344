# fault: an MLP of eight sigmoid layers
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class DeepNet(nn.Module):
    def __init__(self, width=32, depth=8):
        super().__init__()
        self.first = nn.Linear(30, width)
        self.hidden = nn.ModuleList([nn.Linear(width, width) for _ in range(depth - 1)])
        self.last = nn.Linear(width, 1)

    def forward(self, x):
        x = torch.sigmoid(self.first(x))
        for layer in self.hidden:
            x = torch.sigmoid(layer(x))
        return self.last(x)


x, y = load_breast_cancer(return_X_y=True)
x = torch.tensor((x - x.mean(0)) / x.std(0), dtype=torch.float32)
y = torch.tensor(y, dtype=torch.float32).unsqueeze(1)
mix = torch.randperm(len(x))
x, y = x[mix], y[mix]
model = DeepNet()
criterion = nn.BCEWithLogitsLoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
for epoch in range(30):
    for start in range(0, 420, 20):
        loss = criterion(model(x[start : start + 20]), y[start : start + 20])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    perm = torch.randperm(420)
    x[:420], y[:420] = x[perm], y[perm]
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = model(x[420:])
finish(model, out, accuracy=((out > 0).float() == y[420:]).float().mean())
