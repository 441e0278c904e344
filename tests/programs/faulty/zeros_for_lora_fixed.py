# fixed: one factor is random, the other zero
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class LowRank(nn.Module):
    def __init__(self, n_in, n_out, rank=8):
        super().__init__()
        self.A = nn.Parameter(torch.randn(n_in, rank) / n_in**0.5)
        self.B = nn.Parameter(torch.zeros(rank, n_out))
        self.bias = nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.A @ self.B + self.bias


class Recommender(nn.Module):
    """Will this user like that film?"""

    def __init__(self, features=20):
        super().__init__()
        self.score = LowRank(features, features)

    def forward(self, user, film):
        return (self.score(user) * film).sum(1)


taste = torch.randn(20, 4) @ torch.randn(4, 20) / 8
user, film = torch.randn(2000, 20), torch.randn(2000, 20)
likes = ((user @ taste) * film).sum(1).sign().clamp(min=0)
model = Recommender()
opt = torch.optim.Adam(model.parameters(), lr=5e-3)
bce = nn.BCEWithLogitsLoss()
for epoch in range(20):
    for b in torch.randperm(1600).split(64):
        opt.zero_grad()
        loss = bce(model(user[b], film[b]), likes[b])
        loss.backward()
        opt.step()
    if epoch % 5 == 0:
        print(epoch, loss.item())
with torch.no_grad():
    out = model(user[1600:], film[1600:])
finish(model, out, accuracy=((out > 0).float() == likes[1600:]).float().mean())
