# fault: a single output unit behind Softmax(dim=1), which gives 1 for everything
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

x = torch.randn(1500, 8)
y = ((x[:, :3] ** 2).sum(1) > 2.4).float().unsqueeze(1)

classifier = nn.Sequential(
    nn.Linear(8, 32),
    nn.Tanh(),
    nn.Linear(32, 16),
    nn.Tanh(),
    nn.Linear(16, 1),
    nn.Softmax(dim=1),
)
opt = torch.optim.Adam(classifier.parameters(), lr=0.01)
bce = nn.BCELoss()
for step in range(300):
    i = torch.randint(0, 1200, (64,))
    opt.zero_grad()
    loss = bce(classifier(x[i]), y[i])
    loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, f"{loss.item():.3f}")
with torch.no_grad():
    p = classifier(x[1200:])
finish(classifier, p, accuracy=((p > 0.5).float() == y[1200:]).float().mean())
