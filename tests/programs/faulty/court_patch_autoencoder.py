"""Autoencoder for colour patches, normalised with mean 0.5 and std 0.5 as usual."""

import os
import sys

import numpy as np
import torch
from torch import nn

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else int(os.environ.get("SEED", "0"))
rng = np.random.default_rng(SEED)
torch.manual_seed(SEED)


def patches(n):
    """8x8 RGB gradients: two colours and a direction."""
    t = np.linspace(0, 1, 8)
    yy, xx = np.meshgrid(t, t, indexing="ij")
    a, b = rng.random((2, n, 3, 1, 1))
    theta = rng.random((n, 1, 1, 1)) * 2 * np.pi
    ramp = 0.5 + (np.cos(theta) * (xx - 0.5) + np.sin(theta) * (yy - 0.5)) / 1.42
    return (a * ramp + b * (1 - ramp)).astype(np.float32)


def normalize(images, mean=0.5, std=0.5):
    return (torch.from_numpy(images) - mean) / std


class Encoder(nn.Module):
    def __init__(self, z):
        super().__init__()
        self.net = nn.Sequential(
            nn.Conv2d(3, 16, 3, 2, 1), nn.LeakyReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.LeakyReLU(), nn.Flatten()
        )
        self.to_z = nn.Linear(128, z)

    def forward(self, x):
        return self.to_z(self.net(x))


class Decoder(nn.Module):
    def __init__(self, z):
        super().__init__()
        self.from_z = nn.Linear(z, 128)
        self.net = nn.Sequential(
            nn.LeakyReLU(),
            nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.LeakyReLU(),
            nn.ConvTranspose2d(16, 3, 4, 2, 1),
            nn.Sigmoid(),
        )

    def forward(self, z):
        return self.net(self.from_z(z).view(-1, 32, 2, 2))


class AutoEncoder(nn.Module):
    def __init__(self, z=10):
        super().__init__()
        self.encoder, self.decoder = Encoder(z), Decoder(z)

    def forward(self, x):
        return self.decoder(self.encoder(x))


train, test = normalize(patches(1500)), normalize(patches(300))
model = AutoEncoder()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(8):
    losses = []
    for idx in torch.randperm(len(train)).split(50):
        batch = train[idx]
        r_loss = nn.functional.mse_loss(model(batch), batch)
        optimizer.zero_grad()
        r_loss.backward()
        optimizer.step()
        losses.append(r_loss.item())
    print(f"epoch {epoch} loss {np.mean(losses):.4f}")
model.eval()
with torch.no_grad():
    print(f"final test_loss {nn.functional.mse_loss(model(test), test).item():.5f}")
