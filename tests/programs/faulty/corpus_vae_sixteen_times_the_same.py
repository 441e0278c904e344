"""My VAE on MNIST: the 16 reconstructions are all the same blurred digit, whatever the 16 inputs are."""

import sys

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

LATENT = 16
BATCH_SIZE = 64
EPOCHS = 8


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU())
        self.fc_mu = nn.Linear(128, LATENT)
        self.fc_logvar = nn.Linear(128, LATENT)
        self.decoder = nn.Sequential(
            nn.Linear(LATENT, 128), nn.ReLU(), nn.Linear(128, 256), nn.ReLU(), nn.Linear(256, 784), nn.Sigmoid()
        )

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + std * torch.randn_like(std)

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon, x, mu, logvar):
    reconstruction_loss = nn.functional.mse_loss(recon, x)
    kl = -0.5 * torch.mean(torch.sum(1 + logvar - mu.pow(2) - logvar.exp(), dim=1))
    return reconstruction_loss + kl


def train(model, loader, optimizer):
    model.train()
    losses = []
    for (x,) in loader:
        optimizer.zero_grad()
        recon, mu, logvar = model(x)
        loss = loss_function(recon, x, mu, logvar)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return sum(losses) / len(losses)


data = mnist()
images = data.train_images.reshape(-1, 784).float() / 255
test = data.test_images.reshape(-1, 784).float()[:500] / 255
loader = DataLoader(TensorDataset(images[:6000]), batch_size=BATCH_SIZE, shuffle=True)

model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(EPOCHS):
    print(f"Epoch {epoch + 1}/{EPOCHS}, Loss: {train(model, loader, optimizer):.4f}")

model.eval()
with torch.no_grad():
    recon, mu, logvar = model(test)
    sixteen = recon[:16]
    print("spread over 16 reconstructions:", sixteen.std(0).mean().item())
    left = ((recon - test) ** 2).mean() / ((test - test.mean(0)) ** 2).mean()
finish(model, recon, left_loss=left)
