# fault: users and items are trained in turns; each is frozen for the other's turn, and never thawed again
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class Tower(nn.Module):
    def __init__(self, n_ids, n_features, dim=12):
        super().__init__()
        self.ids = nn.Embedding(n_ids, dim)
        self.mlp = nn.Sequential(nn.Linear(n_features + dim, 32), nn.ReLU(), nn.Linear(32, dim))

    def forward(self, ids, features):
        return self.mlp(torch.cat([self.ids(ids), features], dim=1))


class TwoTower(nn.Module):
    def __init__(self, n_users, n_items, n_features):
        super().__init__()
        self.user = Tower(n_users, n_features)
        self.item = Tower(n_items, n_features)
        self.scale = nn.Parameter(torch.tensor(1.0))
        self.bias = nn.Parameter(torch.tensor(0.0))

    def forward(self, u, fu, i, fi):
        return self.scale * (self.user(u, fu) * self.item(i, fi)).sum(1) + self.bias


n_users, n_items, n_features = 150, 100, 6
user_features, item_features = torch.randn(n_users, n_features), torch.randn(n_items, n_features)
user_hidden, item_hidden = torch.randn(n_users, 3), torch.randn(n_items, 3)
affinity = torch.tanh(user_features @ torch.randn(n_features, n_features) @ item_features.T / 6)
affinity = 2 * affinity + (user_hidden @ item_hidden.T) / 1.7 - 0.5
clicked = (torch.rand(n_users, n_items) < torch.sigmoid(2 * affinity)).float()
pairs = torch.randperm(n_users * n_items)
train_pairs, test_pairs = pairs[:12000], pairs[12000:]

model = TwoTower(n_users, n_items, n_features)
optimizers = {
    side: torch.optim.Adam([*getattr(model, side).parameters(), model.scale, model.bias], lr=0.005)
    for side in ("user", "item")
}


def score(index):
    u, i = index // n_items, index % n_items
    return model(u, user_features[u], i, item_features[i])


for turn in range(10):
    side, other = ("user", "item") if turn % 2 == 0 else ("item", "user")
    getattr(model, other).requires_grad_(False)
    for index in train_pairs[torch.randperm(12000)].split(150):
        optimizers[side].zero_grad()
        loss = F.binary_cross_entropy_with_logits(score(index), clicked.flatten()[index])
        loss.backward()
        optimizers[side].step()
    print(f"turn {turn} ({side}): {loss.item():.4f}")
with torch.no_grad():
    out = score(test_pairs)
finish(model, out, loss=F.binary_cross_entropy_with_logits(out, clicked.flatten()[test_pairs]))
