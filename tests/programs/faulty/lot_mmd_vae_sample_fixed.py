"""InfoVAE (MMD-VAE) on 8x8 digits, with torch.distributions for the posterior."""

import sys

import torch
import torch.nn as nn
from digest import finish
from sklearn.datasets import load_digits
from torch.distributions import Normal

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

LATENT = 6


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU())
        self.mu = nn.Linear(96, LATENT)
        self.log_sigma = nn.Linear(96, LATENT)

    def forward(self, x):
        h = self.body(x)
        return Normal(self.mu(h), self.log_sigma(h).clamp(-5, 2).exp())


class InfoVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = Encoder()
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 96), nn.SiLU(), nn.Linear(96, 96), nn.SiLU(), nn.Linear(96, 64), nn.Sigmoid()
        )

    def forward(self, x):
        posterior = self.encoder(x)
        z = posterior.rsample()
        return self.decoder(z), z


def kernel(a, b):
    return torch.exp(-torch.cdist(a, b).square() / LATENT)


def mmd(z):
    prior = torch.randn_like(z)
    return kernel(prior, prior).mean() + kernel(z, z).mean() - 2 * kernel(prior, z).mean()


images = torch.tensor(load_digits().data, dtype=torch.float32) / 16
images = images[torch.randperm(len(images))]
train, test = images[:1500], images[1500:]

vae = InfoVAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
for epoch in range(25):
    for x in train[torch.randperm(1500)].split(60):
        x_hat, z = vae(x)
        reconstruction = (x_hat - x).square().sum(1).mean()
        loss = reconstruction + 10 * mmd(z)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 6 == 0:
        print(f"epoch {epoch:2d}  reconstruction {reconstruction.item():.3f}  loss {loss.item():.3f}")

with torch.no_grad():
    x_hat, _ = vae(test)
finish(vae, x_hat, loss=(x_hat - test).square().sum(1).mean())
