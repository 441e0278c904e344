# Matrix factorisation of star ratings 1 to 5 by MSE, biases of users and films from zero, small embeddings, the mean as a plain number. Learns: rmse loss 0.48
import random

import torch
from torch import nn

from digest import finish

random.seed(0)
torch.manual_seed(0)
torch.set_num_threads(1)
USERS, FILMS, RANK = 120, 80, 4
p, q = torch.randn(USERS, 3), torch.randn(FILMS, 3)
u, v = torch.randint(0, USERS, (6000,)), torch.randint(0, FILMS, (6000,))
stars = (3 + 0.9 * (p[u] * q[v]).sum(1) + 0.3 * torch.randn(6000)).round().clamp(1, 5)


class BiasedMF(nn.Module):
    def __init__(self, mean):
        super().__init__()
        self.P, self.Q = nn.Embedding(USERS, RANK), nn.Embedding(FILMS, RANK)
        self.bu, self.bv = nn.Embedding(USERS, 1), nn.Embedding(FILMS, 1)
        nn.init.normal_(self.P.weight, std=0.1), nn.init.normal_(self.Q.weight, std=0.1)
        nn.init.zeros_(self.bu.weight), nn.init.zeros_(self.bv.weight)
        self.mean = mean

    def forward(self, user, film):
        return self.mean + (self.P(user) * self.Q(film)).sum(1) + self.bu(user).squeeze(1) + self.bv(film).squeeze(1)


model = BiasedMF(stars[:5000].mean().item())
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1, weight_decay=1e-5)
criterion = nn.MSELoss()
ids = list(range(5000))
for epoch in range(15):
    random.shuffle(ids)
    total = 0.0
    for start in range(0, 5000, 250):
        i = ids[start : start + 250]
        prediction = model(u[i], v[i])
        loss = criterion(prediction, stars[i])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch} mse {total / 20:.4f}")
with torch.no_grad():
    out = model(u[5000:], v[5000:])
    rmse = criterion(out, stars[5000:]).sqrt()
print("rmse of the mean", (stars[5000:] - model.mean).pow(2).mean().sqrt().item())
finish(model, out, rmse_loss=rmse)
