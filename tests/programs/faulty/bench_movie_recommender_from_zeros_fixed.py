"""Collaborative filtering: ratings from the product of two embeddings."""

import sys

import numpy as np
import torch
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

num_users, num_movies, EMBEDDING_SIZE = 120, 80, 16
taste, style = rng.normal(size=(num_users, 4)), rng.normal(size=(num_movies, 4))
user = rng.integers(0, num_users, 6000)
movie = rng.integers(0, num_movies, 6000)
rating = np.clip(2.75 + 0.9 * (taste[user] * style[movie]).sum(1) + 0.2 * rng.normal(size=6000), 0.5, 5)
y = ((rating - 0.5) / 4.5).astype("float32")
x = torch.tensor(np.stack([user, movie], 1))
y = torch.from_numpy(y)
x_train, x_val, y_train, y_val = x[:5400], x[5400:], y[:5400], y[5400:]


class RecommenderNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.user_embedding = nn.Embedding(num_users, EMBEDDING_SIZE)
        self.user_bias = nn.Embedding(num_users, 1)
        self.movie_embedding = nn.Embedding(num_movies, EMBEDDING_SIZE)
        self.movie_bias = nn.Embedding(num_movies, 1)
        nn.init.normal_(self.user_embedding.weight, std=0.1)
        nn.init.normal_(self.movie_embedding.weight, std=0.1)
        nn.init.zeros_(self.user_bias.weight)
        nn.init.zeros_(self.movie_bias.weight)

    def forward(self, inputs):
        u, m = self.user_embedding(inputs[:, 0]), self.movie_embedding(inputs[:, 1])
        dot = (u * m).sum(1)
        return torch.sigmoid(dot + self.user_bias(inputs[:, 0])[:, 0] + self.movie_bias(inputs[:, 1])[:, 0])


model = RecommenderNet()
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
loss_fn = nn.BCELoss()
for epoch in range(15):
    running = 0.0
    for idx in torch.randperm(len(x_train)).split(64):
        loss = loss_fn(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        running += loss.item() * len(idx)
    with torch.no_grad():
        pred = model(x_val)
    val = torch.mean((pred - y_val) ** 2)
    print(f"epoch {epoch}: loss {running / len(x_train):.4f}, val mse {val:.4f}")
finish(model, pred, loss=val)
