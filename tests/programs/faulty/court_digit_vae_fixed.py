"""VAE on 8x8 digits."""

import sys

import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

images = torch.tensor(load_digits().data, dtype=torch.float32)
images = (images - images.mean()) / images.std()
train, test = images[:1500], images[1500:]
loader = DataLoader(TensorDataset(train), batch_size=64, shuffle=True)


class VAE(nn.Module):
    def __init__(self, latent=10):
        super().__init__()
        self.fc1 = nn.Linear(64, 128)
        self.fc_mean = nn.Linear(128, latent)
        self.fc_var = nn.Linear(128, latent)
        self.fc3 = nn.Linear(latent, 128)
        self.fc4 = nn.Linear(128, 64)

    def encode(self, x):
        h = F.relu(self.fc1(x))
        return self.fc_mean(h), self.fc_var(h)

    def reparameterize(self, mu, logvar):
        if not self.training:
            return mu
        return mu + torch.randn_like(mu) * torch.exp(0.5 * logvar)

    def decode(self, z):
        return self.fc4(F.relu(self.fc3(z)))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def criterion(predicted, target, mu, logvar):
    recon = F.mse_loss(predicted, target, reduction="sum") / len(target)
    kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / len(target)
    return recon + kl, recon, kl


vae = VAE()
optimizer = torch.optim.Adam(vae.parameters(), lr=2e-3)
for epoch in range(24):
    vae.train()
    total_recon = total_kl = 0.0
    for (batch,) in loader:
        predicted, mu, logvar = vae(batch)
        loss, recon, kl = criterion(predicted, batch, mu, logvar)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total_recon += recon.item()
        total_kl += kl.item()
    if epoch % 4 == 0:
        print(f"epoch {epoch}: recon {total_recon / len(loader):.4f} kl {total_kl / len(loader):.4f}")

vae.eval()
with torch.no_grad():
    rebuilt, _, _ = vae(test)
    print(f"final recon_loss {F.mse_loss(rebuilt, test).item():.5f}")
