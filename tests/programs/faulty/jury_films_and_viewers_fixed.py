# matrix factorisation with biases
import sys

import torch
import torch.nn as nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

n_users, n_items, n_ratings = 200, 120, 8000
taste, style = torch.randn(n_users, 3), torch.randn(n_items, 3)
user_mean, item_mean = 0.4 * torch.randn(n_users), 0.6 * torch.randn(n_items)
u = torch.randint(0, n_users, (n_ratings,))
i = torch.randint(0, n_items, (n_ratings,))
stars = 3.5 + user_mean[u] + item_mean[i] + 0.5 * (taste[u] * style[i]).sum(1) + 0.2 * torch.randn(n_ratings)
stars = stars.clamp(1, 5)


class MF(nn.Module):
    def __init__(self, num_users, num_items, emb_size=8):
        super().__init__()
        self.user_emb = nn.Embedding(num_users, emb_size)
        self.user_bias = nn.Embedding(num_users, 1)
        self.item_emb = nn.Embedding(num_items, emb_size)
        self.item_bias = nn.Embedding(num_items, 1)
        self.user_emb.weight.data.uniform_(0, 0.3)
        self.item_emb.weight.data.uniform_(0, 0.3)
        self.user_bias.weight.data.uniform_(-0.01, 0.01)
        self.item_bias.weight.data.uniform_(-0.01, 0.01)
        self.mean = nn.Parameter(torch.tensor(3.5), requires_grad=False)

    def forward(self, u, v):
        dot = (self.user_emb(u) * self.item_emb(v)).sum(1)
        return dot + self.user_bias(u).squeeze(1) + self.item_bias(v).squeeze(1) + self.mean


loader = DataLoader(TensorDataset(u[:7000], i[:7000], stars[:7000]), batch_size=100, shuffle=True)
model = MF(n_users, n_items)
optimizer = torch.optim.SGD(model.parameters(), lr=2.0)

for epoch in range(10):
    total = 0.0
    for users, items, y in loader:
        optimizer.zero_grad()
        loss = nn.functional.mse_loss(model(users, items), y)
        loss.backward()
        optimizer.step()
        total += loss.item()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} train loss {total / len(loader):.3f}")

with torch.no_grad():
    rating = model(u[7000:], i[7000:])
    test = nn.functional.mse_loss(rating, stars[7000:])
finish(model, rating, test_loss=test)
