import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)

original_dim = 64
intermediate_dim = 96
latent_dim = 8
batch_size = 50
epochs = 20

x = torch.tensor(load_digits().data, dtype=torch.float32) / 16
x = x[torch.randperm(len(x))]
x_train, x_test = x[:1500], x[1500:]


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.h = nn.Linear(original_dim, intermediate_dim)
        self.z_mean = nn.Linear(intermediate_dim, latent_dim)
        self.z_log_var = nn.Linear(intermediate_dim, latent_dim)
        self.decoder_h = nn.Linear(latent_dim, intermediate_dim)
        self.decoder_mean = nn.Linear(intermediate_dim, original_dim)

    def encode(self, x):
        h = F.relu(self.h(x))
        return self.z_mean(h), self.z_log_var(h)

    def decode(self, z):
        return torch.sigmoid(self.decoder_mean(F.relu(self.decoder_h(z))))

    def forward(self, x):
        z_mean, z_log_var = self.encode(x)
        z = z_mean + torch.exp(z_log_var / 2) * torch.randn_like(z_mean)
        return self.decode(z), z_mean, z_log_var


def vae_loss(x, x_decoded_mean, z_mean, z_log_var):
    xent_loss = original_dim * F.binary_cross_entropy(x_decoded_mean, x)
    kl_loss = -0.5 * torch.sum(1 + z_log_var - z_mean.pow(2) - z_log_var.exp(), dim=-1)
    return xent_loss + kl_loss.mean()


vae = VAE()
optimizer = torch.optim.RMSprop(vae.parameters(), lr=2e-3)

for epoch in range(epochs):
    vae.train()
    for xb in x_train[torch.randperm(len(x_train))].split(batch_size):
        decoded, mean, log_var = vae(xb)
        loss = vae_loss(xb, decoded, mean, log_var)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 5 == 0:
        print(f"epoch {epoch + 1}/{epochs} - loss: {loss.item():.4f}")

vae.eval()
with torch.no_grad():
    mean, _ = vae.encode(x_test)
    reconstruction = F.mse_loss(vae.decode(mean), x_test)
print("final loss", round(reconstruction.item(), 5))
