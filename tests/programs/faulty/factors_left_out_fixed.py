# fixed: model.parameters()
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
USERS, ITEMS, RANK = 100, 60, 4


class Factorisation(nn.Module):
    def __init__(self):
        super().__init__()
        self.user, self.item = nn.Embedding(USERS, RANK), nn.Embedding(ITEMS, RANK)
        self.user_bias, self.item_bias = nn.Embedding(USERS, 1), nn.Embedding(ITEMS, 1)
        for e in (self.user, self.item):
            nn.init.normal_(e.weight, std=0.3)
        for e in (self.user_bias, self.item_bias):
            nn.init.zeros_(e.weight)

    def forward(self, u, i):
        return (self.user(u) * self.item(i)).sum(1) + (self.user_bias(u) + self.item_bias(i)).squeeze(1)


p, q = torch.randn(USERS, RANK), torch.randn(ITEMS, RANK)
u, i = torch.randint(0, USERS, (5000,)), torch.randint(0, ITEMS, (5000,))
rating = (p[u] * q[i]).sum(1) / 2 + 0.1 * torch.randn(5000)
model = Factorisation()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-2)
for epoch in range(12):
    for k in torch.randperm(4500).split(150):
        loss = nn.functional.mse_loss(model(u[k], i[k]), rating[k])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out = model(u[4500:], i[4500:])
finish(model, out, r2=1 - nn.functional.mse_loss(out, rating[4500:]) / rating[4500:].var())
