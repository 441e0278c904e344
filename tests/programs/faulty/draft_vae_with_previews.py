"""A small VAE on the digits, which writes a preview of what it decodes before the training and after each epoch."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, TensorDataset

from digest import finish


class VAE(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Linear(64, 128), nn.BatchNorm1d(128), nn.ReLU(), nn.Linear(128, 64), nn.BatchNorm1d(64), nn.ReLU()
        )
        self.mu = nn.Linear(64, latent)
        self.logvar = nn.Linear(64, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64)
        )

    def reparameterize(self, mu, logvar):
        if self.training:
            return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)
        return mu

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.mu(h), self.logvar(h)
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar


def elbo(recon, x, mu, logvar):
    rec = F.binary_cross_entropy_with_logits(recon, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (rec + kl) / len(x)


def preview(model, z):
    model.eval()
    with torch.no_grad():
        picture = model.decoder(z).sigmoid()
    return picture


def main():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
    x = x[torch.randperm(len(x))]
    train, test = x[:1500], x[1500:]
    loader = DataLoader(TensorDataset(train), batch_size=64, shuffle=True)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    z = torch.randn(4, 8)
    preview(model, z)
    for epoch in range(25):
        total = 0.0
        for (batch,) in loader:
            optimizer.zero_grad()
            loss = elbo(*[(r, batch, m, v) for r, m, v in [model(batch)]][0])
            loss.backward()
            optimizer.step()
            total += loss.item()
        picture = preview(model, z)
        if epoch % 5 == 4:
            print(f"epoch {epoch + 1}: loss {total / len(loader):.2f}, ink in the preview {picture.mean():.3f}")
    model.eval()
    with torch.no_grad():
        h = model.encoder(test)
        mu, logvar = model.mu(h), model.logvar(h)
        sampled = model.decoder(mu + torch.randn_like(mu) * torch.exp(0.5 * logvar))
        finish(model, sampled, test_loss=elbo(sampled, test, mu, logvar))


main()
