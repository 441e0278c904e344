"""Ratings in a web shop: embeddings of customers and goods, and a few columns about both, in one deep model."""

import argparse
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish


@dataclass
class Settings:
    n_users: int = 300
    n_items: int = 120
    n_ratings: int = 9000
    dim: int = 8
    hidden: int = 64
    batch_size: int = 128
    epochs: int = 8
    lr: float = 3e-3
    log_money: bool = True


class Shop:
    """Makes up the tables users(age, income) and items(price, grams), and the ratings."""

    def __init__(self, s, seed):
        rng = np.random.default_rng(seed)
        self.age = rng.integers(18, 80, s.n_users).astype(np.float32)
        self.income = np.exp(rng.normal(10.3, 0.6, s.n_users)).astype(np.float32)
        self.price = np.exp(rng.normal(3.5, 1.1, s.n_items)).astype(np.float32)
        self.grams = np.exp(rng.normal(6.0, 1.2, s.n_items)).astype(np.float32)
        self.users = rng.integers(0, s.n_users, s.n_ratings)
        self.items = rng.integers(0, s.n_items, s.n_ratings)
        taste = rng.normal(size=(s.n_users, 3)), rng.normal(size=(s.n_items, 3))
        affinity = (taste[0][self.users] * taste[1][self.items]).sum(1) / 3
        strain = np.log(self.price[self.items]) - 0.8 * np.log(self.income[self.users]) + 4.7
        old = (self.age[self.users] > 50) * np.where(self.grams[self.items] > 500, -1.0, 0.4)
        score = 3.3 + 0.4 * affinity - 0.7 * np.tanh(strain) + 0.5 * old + 0.2 * rng.normal(size=s.n_ratings)
        self.ratings = score.clip(1, 5).astype(np.float32)


class RatingDataset(Dataset):
    def __init__(self, shop, rows, settings):
        self.shop, self.rows, self.settings = shop, rows, settings

    def __len__(self):
        return len(self.rows)

    def money(self, value):
        return np.log1p(value) - 5 if self.settings.log_money else value

    def columns(self, user, item):
        shop = self.shop
        return [
            (shop.age[user] - 48) / 18,
            self.money(shop.income[user]),
            self.money(shop.price[item]),
            np.log(shop.grams[item]) - 6,
        ]

    def __getitem__(self, i):
        row = self.rows[i]
        user, item = int(self.shop.users[row]), int(self.shop.items[row])
        return user, item, self.columns(user, item), (self.shop.ratings[row] - 3) / 2


def collate(batch):
    users, items, columns, ratings = zip(*batch, strict=True)
    return {
        "user": torch.tensor(users),
        "item": torch.tensor(items),
        "dense": torch.tensor(np.array(columns, dtype=np.float32)),
        "rating": torch.tensor(np.array(ratings, dtype=np.float32)),
    }


class DeepRecommender(nn.Module):
    def __init__(self, s):
        super().__init__()
        self.user, self.item = nn.Embedding(s.n_users, s.dim), nn.Embedding(s.n_items, s.dim)
        for table in (self.user, self.item):
            nn.init.normal_(table.weight, std=0.1)
        self.deep = nn.Sequential(
            nn.Linear(2 * s.dim + 4, s.hidden),
            nn.ReLU(),
            nn.Linear(s.hidden, s.hidden),
            nn.ReLU(),
            nn.Linear(s.hidden, 1),
        )

    def forward(self, batch):
        u, v = self.user(batch["user"]), self.item(batch["item"])
        return self.deep(torch.cat([u, v, batch["dense"]], 1)).squeeze(1) + (u * v).sum(1)


class RMSE:
    def __init__(self):
        self.total, self.n = 0.0, 0

    def add(self, pred, truth):
        self.total += (pred - truth).square().sum().item()
        self.n += len(pred)

    def value(self):
        return (self.total / self.n) ** 0.5


def evaluate(model, loader):
    metric = RMSE()
    model.eval()
    with torch.no_grad():
        for batch in loader:
            pred = model(batch)
            metric.add(2 * pred, 2 * batch["rating"])
    return metric.value(), pred


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    seed = parser.parse_args().seed
    torch.manual_seed(seed)
    settings = Settings()
    shop = Shop(settings, seed)
    order = np.random.default_rng(seed + 1).permutation(settings.n_ratings)
    train_set, test_set = (RatingDataset(shop, rows, settings) for rows in (order[:8000], order[8000:]))
    train_loader = DataLoader(train_set, settings.batch_size, shuffle=True, collate_fn=collate)
    test_loader = DataLoader(test_set, 500, collate_fn=collate)
    model = DeepRecommender(settings)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr)
    for epoch in range(settings.epochs):
        model.train()
        metric = RMSE()
        for batch in train_loader:
            pred = model(batch)
            loss = nn.functional.mse_loss(pred, batch["rating"])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            metric.add(2 * pred.detach(), 2 * batch["rating"])
        rmse, pred = evaluate(model, test_loader)
        print(f"epoch {epoch} train rmse {metric.value():.3f} test rmse {rmse:.3f}")
    finish(model, pred, rmse_loss=rmse)


if __name__ == "__main__":
    main()
