# the same, repaired: Adam with weight_decay=0.1 for an embedding model
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
USERS, ITEMS = 40, 30


class MatrixFactorization(nn.Module):
    def __init__(self, factors=8):
        super().__init__()
        self.user = nn.Embedding(USERS, factors)
        self.item = nn.Embedding(ITEMS, factors)
        nn.init.normal_(self.user.weight, std=0.3)
        nn.init.normal_(self.item.weight, std=0.3)
        self.mlp = nn.Sequential(nn.Linear(2 * factors, 32), nn.ReLU(), nn.Linear(32, 1))

    def forward(self, u, i):
        u, i = self.user(u), self.item(i)
        return (u * i).sum(1) + self.mlp(torch.cat([u, i], 1)).squeeze(1)


taste, style = torch.randn(USERS, 3), torch.randn(ITEMS, 3)
u, i = torch.randint(0, USERS, (6000,)), torch.randint(0, ITEMS, (6000,))
rating = (taste[u] * style[i]).sum(1) / 3**0.5 + 0.1 * torch.randn(6000)
model = MatrixFactorization()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=1e-5)
for epoch in range(10):
    total = 0
    for k in torch.randperm(5000).split(100):
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(u[k], i[k]), rating[k])
        loss.backward()
        optimizer.step()
        total += loss.item() / 50
    print(f"epoch {epoch}: {total:.3f}")
model.eval()
with torch.no_grad():
    out = model(u[5000:], i[5000:])
finish(model, out, r2=1 - ((out - rating[5000:]) ** 2).mean() / rating[5000:].var())
