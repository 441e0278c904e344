# fixed: the share that is dropped
import sys

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
KEEP_PROB = 0.95


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.hidden = nn.ModuleList([nn.Linear(64, 40), nn.Linear(40, 40), nn.Linear(40, 40)])
        self.drops = nn.ModuleList([nn.Dropout(1 - KEEP_PROB) for _ in range(3)])
        self.out = nn.Linear(40, 10)

    def forward(self, x):
        for layer, drop in zip(self.hidden, self.drops):
            x = drop(torch.relu(layer(x)))
        return self.out(x)


x, y = load_digits(return_X_y=True)
x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
x = (x - x.mean()) / x.std()
net = MLP()
optimizer = torch.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
for epoch in range(6):
    net.train()
    for idx in torch.randperm(1400).split(64):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(net(x[idx]), y[idx])
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    logits = net(x[1400:])
finish(net, logits, accuracy=(logits.argmax(1) == y[1400:]).float().mean())
