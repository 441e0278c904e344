# A VAE after PyTorch's example: BCE summed over pixels plus KL, reparameterised noise. Learns: MEASURED
import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.nn import functional as F

from digest import finish

torch.manual_seed(1)
torch.set_num_threads(1)


class VAE(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(64, 100)
        self.fc21 = nn.Linear(100, 8)
        self.fc22 = nn.Linear(100, 8)
        self.fc3 = nn.Linear(8, 100)
        self.fc4 = nn.Linear(100, 64)

    def encode(self, x):
        h1 = F.relu(self.fc1(x))
        return self.fc21(h1), self.fc22(h1)

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        return mu + torch.randn_like(std) * std

    def decode(self, z):
        return torch.sigmoid(self.fc4(F.relu(self.fc3(z))))

    def forward(self, x):
        mu, logvar = self.encode(x)
        return self.decode(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x, x, reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD


pixels = torch.from_numpy(load_digits().data).float() / 16
model = VAE()
optimizer = optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(1, 13):
    total = 0
    for batch in pixels[torch.randperm(len(pixels))].split(100):
        optimizer.zero_grad()
        recon, mu, logvar = model(batch)
        loss = loss_function(recon, batch, mu, logvar)
        loss.backward()
        total += loss.item()
        optimizer.step()
    if epoch % 4 == 0:
        print(f"====> Epoch: {epoch} Average loss: {total / len(pixels):.4f}")
with torch.no_grad():
    recon, _, _ = model(pixels)
finish(model, recon, r2=1 - F.mse_loss(recon, pixels) / F.mse_loss(pixels.mean(0).expand_as(pixels), pixels))
