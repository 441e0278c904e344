# fixed: the batch norms stay in eval mode while it is fine-tuned
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_digits


digits = load_digits()
x = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 8 - 0.6
y = torch.tensor(digits.target)
small = y < 5
net = nn.Sequential(
    nn.Conv2d(1, 16, 3, bias=False),
    nn.BatchNorm2d(16),
    nn.ReLU(),
    nn.MaxPool2d(2),
    nn.Flatten(),
    nn.Linear(144, 32, bias=False),
    nn.BatchNorm1d(32),
    nn.ReLU(),
    nn.Linear(32, 5),
)
optimizer = torch.optim.Adam(net.parameters(), lr=3e-3)
x1, y1 = x[small], y[small]
for epoch in range(4):
    for i in torch.randperm(len(x1) - 1).split(60):
        loss = nn.functional.cross_entropy(net(x1[i]), y1[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
print(f"pretrained: {loss.item():.4f}")

x2, y2 = x[~small], y[~small] - 5
net[8] = nn.Linear(32, 5)
optimizer = torch.optim.Adam(net.parameters(), lr=1e-3)
for epoch in range(2):
    net.train()
    net[1].eval(), net[6].eval()
    for i in torch.randperm(500).split(2):
        loss = nn.functional.cross_entropy(net(x2[i]), y2[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
net.eval()
with torch.no_grad():
    out = net(x2[500:])
finish(net, out, accuracy=(out.argmax(1) == y2[500:]).float().mean())
