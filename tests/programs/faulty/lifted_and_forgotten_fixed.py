# fixed: the head is given the hidden layers' output
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Checker(nn.Module):
    def __init__(self):
        super().__init__()
        self.lift = nn.Linear(2, 64)
        self.mix = nn.Linear(64, 64)
        self.head = nn.Linear(64, 2)

    def forward(self, points):
        hidden = torch.relu(self.mix(torch.relu(self.lift(points))))
        return self.head(hidden)


points = torch.rand(1500, 2) * 4 - 2
labels = ((points[:, 0] > 0) ^ (points[:, 1] > 0)).long()
model = Checker()
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(400):
    i = torch.randint(0, 1200, (64,))
    loss = nn.functional.cross_entropy(model(points[i]), labels[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, loss.item())
with torch.no_grad():
    out = model(points[1200:])
finish(model, out, accuracy=(out.argmax(1) == labels[1200:]).float().mean())
