# fault: user and item factors keep nn.Embedding's N(0, 1): the first products are ten times as wide as the ratings
"""After questions on "Matrix Factorization in PyTorch" (a blog post that many copied): the loss of the dot-product model
starts at some forty and, on held-out ratings, stays above that of the mean rating."""

import sys

import numpy as np
import torch
from torch.nn import Embedding, Module, MSELoss

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)
rng = np.random.RandomState(seed)


class MatrixFactorization(Module):
    def __init__(self, n_users, n_items, n_factors=40):
        super().__init__()
        self.user_factors = Embedding(n_users, n_factors)
        self.item_factors = Embedding(n_items, n_factors)
        self.user_biases = Embedding(n_users, 1)
        self.item_biases = Embedding(n_items, 1)

    def forward(self, user, item):
        pred = self.user_biases(user) + self.item_biases(item)
        pred += (self.user_factors(user) * self.item_factors(item)).sum(1, keepdim=True)
        return pred.squeeze(1)


n_users, n_items = 150, 100
taste, kind = rng.randn(n_users, 3), rng.randn(n_items, 3)
score = 3.5 + 0.5 * taste @ kind.T + 0.3 * rng.randn(n_users, 1) + 0.3 * rng.randn(1, n_items)
ratings = np.clip(np.rint(score + 0.3 * rng.randn(n_users, n_items)), 1, 5)
pairs = rng.permutation(n_users * n_items)[:6000]
user, item = torch.from_numpy(pairs // n_items), torch.from_numpy(pairs % n_items)
rating = torch.from_numpy(ratings.reshape(-1)[pairs]).float()

model = MatrixFactorization(n_users, n_items)
loss_func = MSELoss()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
for epoch in range(15):
    losses = []
    for b in torch.randperm(5000).split(100):
        loss = loss_func(model(user[b], item[b]), rating[b])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    print(epoch, np.mean(losses))
with torch.no_grad():
    pred = model(user[5000:], item[5000:])
finish(model, pred, loss=loss_func(pred, rating[5000:]))
