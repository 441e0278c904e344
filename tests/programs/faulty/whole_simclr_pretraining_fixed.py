"""Contrastive pretraining of an encoder of noisy patterns; then nearest neighbours by its features."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish


class Patterns(Dataset):
    """Each item is one of 400 patterns; a view drops values and adds noise."""

    def __init__(self, n=400, dim=64, seed=0):
        g = torch.Generator().manual_seed(seed)
        basis = torch.randn(8, dim, generator=g)
        self.patterns = torch.randn(n, 8, generator=g) @ basis / 8**0.5
        self.nuisance = torch.randn(6, dim, generator=g)

    def __len__(self):
        return len(self.patterns)

    def view(self, x):
        x = x + 1.5 * torch.randn(6) @ self.nuisance / 6**0.5
        return x * (torch.rand(len(x)) > 0.1) + 0.1 * torch.randn(len(x))

    def __getitem__(self, i):
        return self.view(self.patterns[i]), self.view(self.patterns[i])


class SimCLR(nn.Module):
    def __init__(self, dim=64, hidden=128, features=64, projection=32):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(dim, hidden), nn.ReLU(), nn.Linear(hidden, hidden), nn.ReLU(), nn.Linear(hidden, features)
        )
        self.projector = nn.Sequential(nn.ReLU(), nn.Linear(features, projection))

    def encode(self, x):
        return F.normalize(self.encoder(x), dim=1) * 8

    def forward(self, x):
        return self.projector(self.encode(x))


class NTXent(nn.Module):
    def __init__(self, temperature):
        super().__init__()
        self.temperature = temperature

    def forward(self, z1, z2):
        z = F.normalize(torch.cat([z1, z2]), dim=1)
        similarity = z @ z.T / self.temperature
        similarity.fill_diagonal_(float("-inf"))
        n = len(z1)
        target = torch.cat([torch.arange(n, 2 * n), torch.arange(n)])
        return F.cross_entropy(similarity, target)


class Pretrainer:
    def __init__(self, model, cfg):
        self.model, self.cfg = model, cfg
        self.criterion = NTXent(cfg.temperature)
        self.optimizer = torch.optim.Adam(model.parameters(), lr=cfg.lr)
        self.scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(self.optimizer, cfg.epochs)
        self.history = []

    def step(self, v1, v2):
        loss = self.criterion(self.model(v1), self.model(v2))
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()

    def fit(self, loader):
        for epoch in range(self.cfg.epochs):
            losses = [self.step(v1, v2) for v1, v2 in loader]
            self.scheduler.step()
            self.history.append(sum(losses) / len(losses))
            if epoch % 5 == 0:
                print(f"epoch {epoch:2d} nt-xent {self.history[-1]:.3f}")


@torch.no_grad()
def retrieval(model, dataset):
    """Share of items whose second view is nearest to their first."""
    model.eval()
    pairs = [dataset[i] for i in range(len(dataset))]
    first, second = (F.normalize(model.encode(torch.stack(v)), dim=1) for v in zip(*pairs, strict=True))
    nearest = (first @ second.T).argmax(1)
    return (nearest == torch.arange(len(dataset))).float().mean().item(), first


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--epochs", type=int, default=25)
    parser.add_argument("--batch-size", type=int, default=100)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--temperature", type=float, default=0.2)
    cfg = parser.parse_args()
    torch.manual_seed(cfg.seed)
    dataset = Patterns(seed=cfg.seed)
    model = SimCLR()
    trainer = Pretrainer(model, cfg)
    trainer.fit(DataLoader(dataset, cfg.batch_size, shuffle=True, drop_last=True))
    score, features = retrieval(model, dataset)
    print(f"retrieval {score:.3f}, last loss {trainer.history[-1]:.3f}")
    finish(model, features, accuracy=score)


if __name__ == "__main__":
    main()
