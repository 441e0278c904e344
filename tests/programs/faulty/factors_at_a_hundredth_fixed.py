# fixed: a rate of 0.5
import sys

import torch
from torch import nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

N_USERS, N_MOVIES, K = 300, 200, 8
LEARNING_RATE = 0.5

taste = torch.randn(N_USERS, 4)
kind = torch.randn(N_MOVIES, 4) / 2
users = torch.randint(N_USERS, (20000,))
movies = torch.randint(N_MOVIES, (20000,))
ratings = (taste[users] * kind[movies]).sum(1) + 0.3 * torch.randn(N_MOVIES)[movies] + 0.2 * torch.randn(20000)
train, test = slice(0, 16000), slice(16000, None)


class MatrixFactorization(nn.Module):
    def __init__(self):
        super().__init__()
        self.user_factors = nn.Embedding(N_USERS, K)
        self.movie_factors = nn.Embedding(N_MOVIES, K)
        self.movie_bias = nn.Embedding(N_MOVIES, 1)
        nn.init.normal_(self.user_factors.weight, std=0.3)
        nn.init.normal_(self.movie_factors.weight, std=0.3)
        nn.init.zeros_(self.movie_bias.weight)

    def forward(self, user, movie):
        product = (self.user_factors(user) * self.movie_factors(movie)).sum(1)
        return product + self.movie_bias(movie).squeeze(1)


model = MatrixFactorization()
loss_func = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=LEARNING_RATE, momentum=0.9)
for epoch in range(12):
    for batch in torch.randperm(16000).split(256):
        optimizer.zero_grad()
        prediction = model(users[train][batch], movies[train][batch])
        loss = loss_func(prediction, ratings[train][batch])
        loss.backward()
        optimizer.step()
    print(f"epoch {epoch}: {loss.item():.4f}")
with torch.no_grad():
    prediction = model(users[test], movies[test])
finish(model, prediction, loss=loss_func(prediction, ratings[test]))
