# VAE for small colour images, after the Keras one of "Generative Deep Learning". Generates only grey noise.
import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

from digest import finish

SEED = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(SEED)


class Normalize:
    def __init__(self, mean, std):
        self.mean, self.std = torch.tensor(mean)[:, None, None], torch.tensor(std)[:, None, None]

    def __call__(self, image):
        return (image - self.mean) / self.std


class Shapes(Dataset):
    """Coloured sky above coloured ground, with a box somewhere."""

    def __init__(self, n, transform=None):
        self.transform = transform
        self.images = torch.zeros(n, 3, 16, 16)
        for image in self.images:
            horizon, top, left = (torch.randint(low, high, (1,)).item() for low, high in ((5, 12), (0, 11), (0, 11)))
            image[:, :horizon] = torch.rand(3, 1, 1)
            image[:, horizon:] = torch.rand(3, 1, 1)
            image[:, top : top + 5, left : left + 5] = torch.rand(3, 1, 1)

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = self.images[i]
        return self.transform(image) if self.transform else image


class Encoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.BatchNorm2d(32),
            nn.LeakyReLU(),
        )
        self.mu = nn.Linear(32 * 4 * 4, z_dim)
        self.log_var = nn.Linear(32 * 4 * 4, z_dim)

    def forward(self, x):
        h = self.conv(x).flatten(1)
        return self.mu(h), self.log_var(h)


class Decoder(nn.Module):
    def __init__(self, z_dim):
        super().__init__()
        self.fc = nn.Linear(z_dim, 32 * 4 * 4)
        self.deconv = nn.Sequential(
            nn.ConvTranspose2d(32, 16, 4, stride=2, padding=1),
            nn.BatchNorm2d(16),
            nn.LeakyReLU(),
            nn.ConvTranspose2d(16, 3, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def forward(self, z):
        return self.deconv(self.fc(z).view(-1, 32, 4, 4))


class VAE(nn.Module):
    def __init__(self, z_dim=24, r_loss_factor=500):
        super().__init__()
        self.encoder, self.decoder, self.r_loss_factor = Encoder(z_dim), Decoder(z_dim), r_loss_factor

    def forward(self, x):
        mu, log_var = self.encoder(x)
        z = mu + torch.randn_like(mu) * torch.exp(log_var / 2) if self.training else mu
        return self.decoder(z), mu, log_var

    def loss(self, predictions, targets, mu, log_var):
        r_loss = F.mse_loss(predictions, targets)
        kl_loss = torch.mean(-0.5 * torch.sum(1 + log_var - mu**2 - log_var.exp(), dim=1))
        return self.r_loss_factor * r_loss + kl_loss, r_loss, kl_loss


transform = None
train_loader = DataLoader(Shapes(2000, transform), batch_size=64, shuffle=True)
test_set = Shapes(300, transform)

model = VAE()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
for epoch in range(12):
    model.train()
    total = 0
    for images in train_loader:
        predictions, mu, log_var = model(images)
        loss, r_loss, kl_loss = model.loss(predictions, images, mu, log_var)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(images)
    print(f"epoch {epoch}: loss {total / 2000:.3f} reconstruction {r_loss.item():.4f} kl {kl_loss.item():.3f}")

model.eval()
images = torch.stack([test_set[i] for i in range(len(test_set))])
with torch.no_grad():
    predictions, _, _ = model(images)
explained = 1 - F.mse_loss(predictions, images) / images.var()
print("explained:", explained.item())
finish(model, predictions, explained=explained)
