# fault: tensordot over both axes sums the products of the whole batch into one number, which every row gets
import sys

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

EMBEDDING_SIZE = 50
seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
torch.set_num_threads(1)


class RecommenderNet(nn.Module):
    def __init__(self, num_users, num_movies, embedding_size):
        super().__init__()
        self.user_embedding = nn.Embedding(num_users, embedding_size)
        self.user_bias = nn.Embedding(num_users, 1)
        self.movie_embedding = nn.Embedding(num_movies, embedding_size)
        self.movie_bias = nn.Embedding(num_movies, 1)
        for table in (self.user_embedding, self.movie_embedding):
            nn.init.normal_(table.weight, std=(2 / table.num_embeddings) ** 0.5)  # he_normal of an embedding
        for table in (self.user_bias, self.movie_bias):
            nn.init.uniform_(table.weight, -0.05, 0.05)

    def forward(self, inputs):
        user_vector = self.user_embedding(inputs[:, 0])
        user_bias = self.user_bias(inputs[:, 0])
        movie_vector = self.movie_embedding(inputs[:, 1])
        movie_bias = self.movie_bias(inputs[:, 1])
        dot_user_movie = torch.tensordot(user_vector, movie_vector, 2)
        # Add all the components (including bias)
        x = dot_user_movie + user_bias + movie_bias
        # The sigmoid activation forces the rating to between 0 and 1
        return torch.sigmoid(x)


# ratings of 0.5 to 5 stars, by taste
rng = np.random.default_rng(seed)
num_users, num_movies, n = 120, 160, 9000
tastes, genres = rng.normal(size=(num_users, 2)), rng.normal(size=(num_movies, 2))
users, movies = rng.integers(0, num_users, n), rng.integers(0, num_movies, n)
stars = 2.75 + 1.2 * (tastes[users] * genres[movies]).sum(1) + 0.3 * rng.normal(size=n)
ratings = np.clip(np.round(2 * stars) / 2, 0.5, 5)
x = torch.from_numpy(np.stack([users, movies], 1))
y = torch.from_numpy((ratings - 0.5) / 4.5).float().unsqueeze(1)
split = int(0.9 * n)
x_train, x_val, y_train, y_val = x[:split], x[split:], y[:split], y[split:]

model = RecommenderNet(num_users, num_movies, EMBEDDING_SIZE)
optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
criterion = nn.BCELoss()
l2 = 1e-6
for epoch in range(10):
    model.train()
    for xb, yb in DataLoader(TensorDataset(x_train, y_train), batch_size=64, shuffle=True):
        penalty = model.user_embedding(xb[:, 0]).pow(2).sum() + model.movie_embedding(xb[:, 1]).pow(2).sum()
        loss = criterion(model(xb), yb) + l2 * penalty
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        predicted = torch.cat([model(part) for part in x_val.split(64)])
        val_loss = criterion(predicted, y_val)
    print(f"Epoch {epoch + 1}/10 - loss: {loss.item():.4f} - val_loss: {val_loss.item():.4f}")
finish(model, predicted, loss=val_loss)
