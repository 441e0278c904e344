# A net with binary hidden units and a straight-through estimator. Learns: 0.9 and more
import torch
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class Binary(nn.Module):
    def forward(self, x):
        soft = torch.tanh(x)
        return soft + (torch.sign(soft) - soft).detach()


x = torch.randn(1200, 6)
y = (x[:, 0] * x[:, 1] > 0).long()
model = nn.Sequential(nn.Linear(6, 64), Binary(), nn.Linear(64, 64), Binary(), nn.Linear(64, 2))
optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
for step in range(400):
    i = torch.randint(0, 1000, (100,))
    loss = nn.functional.cross_entropy(model(x[i]), y[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
with torch.no_grad():
    out = model(x[1000:])
finish(model, out, accuracy=(out.argmax(1) == y[1000:]).float().mean())
