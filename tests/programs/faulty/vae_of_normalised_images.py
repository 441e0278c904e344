# fault: the images are normalised to [-1, 1], but the decoder of the VAE ends in a sigmoid: the dark half is out of reach
# thread: "What could cause a VAE(Variational AutoEncoder) to output random noise even after training?" (Stack Overflow)
import argparse
import sys

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from digest import finish
from headstart.train.mnist import mnist

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--epochs", type=int, default=6)
parser.add_argument("--latent", type=int, default=16)
args = parser.parse_args()
torch.manual_seed(args.seed)
torch.set_num_threads(1)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")


class ImageDataModule:
    mean, std = 0.5, 0.5

    def __init__(self, batch_size=64):
        raw = mnist()
        self.train = self.transform(raw.train_images[:3000])
        self.val = self.transform(raw.test_images[:500])
        self.batch_size = batch_size

    def transform(self, images):
        x = F.avg_pool2d(images.unsqueeze(1).float() / 255, 2)
        return (x - self.mean) / self.std

    def train_dataloader(self):
        return DataLoader(TensorDataset(self.train), batch_size=self.batch_size, shuffle=True)


class VAE(nn.Module):
    def __init__(self, latent_dim):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.LeakyReLU(),
            nn.Flatten(),
            nn.Linear(8 * 7 * 7, 64),
            nn.LeakyReLU(),
        )
        self.mu = nn.Linear(64, latent_dim)
        self.log_var = nn.Linear(64, latent_dim)
        self.decoder = nn.Sequential(
            nn.Linear(latent_dim, 64),
            nn.LeakyReLU(),
            nn.Linear(64, 8 * 7 * 7),
            nn.LeakyReLU(),
            nn.Unflatten(1, (8, 7, 7)),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, x):
        h = self.encoder(x)
        mu, log_var = self.mu(h), self.log_var(h)
        z = mu + torch.randn_like(mu) * torch.exp(log_var / 2)
        return self.decoder(z), mu, log_var


def vae_loss(predictions, targets, mu, log_var):
    r_loss = F.mse_loss(predictions, targets)
    kl_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1))
    return r_loss + 1e-3 * kl_loss, r_loss


data = ImageDataModule()
model = VAE(args.latent).to(device)
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(args.epochs):
    total = 0.0
    for (images,) in data.train_dataloader():
        images = images.to(device)
        optimizer.zero_grad()
        out, mu, log_var = model(images)
        loss, r_loss = vae_loss(out, images, mu, log_var)
        loss.backward()
        optimizer.step()
        total += r_loss.item()
    print(f"epoch {epoch + 1}: reconstruction {total / 47:.4f}")
model.eval()
with torch.no_grad():
    out = model(data.val.to(device))[0]
# in units of the data's variance, so that it does not depend on the scale of the images
finish(model, out, loss=F.mse_loss(out, data.val) / data.val.var())
