"""Convolutional VAE after the tutorial."""

import sys

import torch
from torch import nn
from torch.nn import functional as F

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def transform(images):
    images = images.unsqueeze(1).float() / 255
    return images


source = mnist()
train_data = transform(source.train_images[:1920])
test_data = transform(source.test_images[:400])
truth = source.test_images[:400].unsqueeze(1).float() / 255


class ConvVAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 4, 2, 1), nn.ReLU(), nn.Conv2d(8, 16, 4, 2, 1), nn.ReLU(), nn.Flatten()
        )
        self.fc_mu = nn.Linear(784, 10)
        self.fc_var = nn.Linear(784, 10)
        self.fc_dec = nn.Linear(10, 784)
        self.decoder = nn.Sequential(
            nn.ReLU(), nn.ConvTranspose2d(16, 8, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(8, 1, 4, 2, 1)
        )

    def forward(self, x):
        h = self.encoder(x)
        mu, log_var = self.fc_mu(h), self.fc_var(h)
        z = mu + torch.exp(0.5 * log_var) * torch.randn_like(mu)
        return self.decoder(self.fc_dec(z).view(-1, 16, 7, 7)), mu, log_var


model = ConvVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
for epoch in range(14):
    for i in range(0, 1920, 64):
        x = train_data[i : i + 64]
        logits, mu, log_var = model(x)
        rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum((1, 2, 3)).mean()
        kl = (-0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(1)).mean()
        loss = rec + kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    train_data = train_data[torch.randperm(len(train_data))]
    print(f"epoch {epoch}: rec {rec.item():.1f} kl {kl.item():.2f}")

with torch.no_grad():
    pictures = torch.sigmoid(model(test_data)[0])
finish(model, pictures, loss=F.mse_loss(pictures, truth))
