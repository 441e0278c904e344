"""The vision part of a world model: a VAE of the frames of a car that drives about."""

import argparse

import torch
import torch.nn as nn
import torch.nn.functional as F
from digest import finish

Z_DIM = 8
SIZE = 16


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc1 = nn.Conv2d(1, 16, 4, stride=2, padding=1)
        self.enc2 = nn.Conv2d(16, 32, 4, stride=2, padding=1)
        self.mu = nn.Linear(32 * 16, Z_DIM)
        self.log_var = nn.Linear(32 * 16, Z_DIM)
        self.dense = nn.Linear(Z_DIM, 32 * 16)
        self.dec1 = nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1)
        self.dec2 = nn.ConvTranspose2d(16, 1, 4, stride=2, padding=1)

    def encode(self, x):
        h = F.relu(self.enc2(F.relu(self.enc1(x)))).flatten(1)
        return self.mu(h), self.log_var(h)

    def decode(self, z):
        h = F.relu(self.dense(z)).view(-1, 32, 4, 4)
        return torch.sigmoid(self.dec2(F.relu(self.dec1(h))))

    def forward(self, x):
        mu, log_var = self.encode(x)
        z = mu + torch.exp(log_var / 2) * torch.randn_like(mu)
        return self.decode(z), mu, log_var


def vae_r_loss(y_true, y_pred):
    return torch.mean((y_true - y_pred) ** 2, dim=(1, 2, 3))


def vae_kl_loss(mu, log_var):
    return -0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1)


def frames(n):
    """A road whose bend and place change, and the car on it."""
    row, col = torch.meshgrid(torch.arange(SIZE * 1.0), torch.arange(SIZE * 1.0), indexing="ij")
    centre = 4 + 8 * torch.rand(n, 1, 1)
    bend = 0.6 * torch.randn(n, 1, 1)
    middle = centre + bend * (row - 8) * 0.5
    road = torch.sigmoid(2 * (2.5 - (col - middle).abs()))
    return (0.9 * road + 0.05).unsqueeze(1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", nargs="?", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=12)
    args = parser.parse_args()
    torch.manual_seed(args.seed)

    data, val = frames(1600), frames(200)
    model = VAE()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(args.epochs):
        for batch in data[torch.randperm(len(data))].split(50):
            y, mu, log_var = model(batch)
            r_loss = vae_r_loss(batch, y).mean()
            kl_loss = vae_kl_loss(mu, log_var).mean()
            loss = r_loss + kl_loss
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        print(f"epoch {epoch} loss: {loss:.4f} - vae_r_loss: {r_loss:.4f} - vae_kl_loss: {kl_loss:.3e}")

    with torch.no_grad():
        again = model.decode(model.encode(val)[0])
        error = F.mse_loss(again, val)
    print("validation: squared error of a pixel", error.item())
    finish(model, again, loss=error)


if __name__ == "__main__":
    main()
