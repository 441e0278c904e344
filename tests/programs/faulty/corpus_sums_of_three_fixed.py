# train a model to sum its three inputs, as simple as possible
import sys

import torch
from torch.nn import Linear as Lin
from torch.nn import Sequential as Seq
from torch.optim.lr_scheduler import ReduceLROnPlateau

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

X = torch.rand((1024, 3))
y = X[:, 0] + X[:, 1] + X[:, 2]

m = Seq(Lin(3, 1, bias=False))

optim = torch.optim.SGD(m.parameters(), lr=10e-2)
scheduler = ReduceLROnPlateau(optim, "min", factor=0.5, patience=20)
mse = torch.nn.MSELoss()
for epoch in range(500):
    optim.zero_grad()
    out = m(X)
    loss = mse(out, y.unsqueeze(1))
    loss.backward()
    optim.step()
    if epoch % 20 == 0:
        print(loss.item())
    scheduler.step(loss)

print(m[0].weight)
new = torch.rand((200, 3))
with torch.no_grad():
    answer = m(new)
finish(m, answer, loss=((answer[:, 0] - new.sum(1)) ** 2).mean())
