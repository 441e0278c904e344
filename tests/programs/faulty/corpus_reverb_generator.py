"""From the picture of a room to its echo: a conditional GAN with an L1 term, the step chosen by optimizer_idx."""

import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

BANDS = 12


class Generator(nn.Module):
    def __init__(self, noise=8):
        super().__init__()
        self.noise = noise
        self.net = nn.Sequential(
            nn.Linear(4 + noise, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, BANDS)
        )

    def forward(self, f):
        return self.net(torch.cat([f, torch.randn(len(f), self.noise)], 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(BANDS + 4, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
        )

    def forward(self, spec, f):
        return self.net(torch.cat([spec, f], 1))


class Image2Reverb(nn.Module):
    def __init__(self, l1=0.2):
        super().__init__()
        self.g, self.d, self.l1 = Generator(), Discriminator(), l1

    def configure_optimizers(self):
        return [
            torch.optim.Adam(self.g.parameters(), lr=1e-3, betas=(0.5, 0.999)),
            torch.optim.Adam(self.d.parameters(), lr=1e-3, betas=(0.5, 0.999)),
        ]

    def training_step(self, batch, optimizer_idx):
        spec, f = batch
        fake_spec = self.g(f)
        if optimizer_idx == 0:
            d_fake2 = self.d(fake_spec.detach(), f)
            G_loss1 = F.mse_loss(d_fake2, torch.ones_like(d_fake2))
            G_loss2 = F.l1_loss(fake_spec, spec)
            return G_loss1 + self.l1 * G_loss2
        d_fake = self.d(fake_spec.detach(), f)
        d_real = self.d(spec, f)
        return 0.5 * (F.mse_loss(d_fake, torch.zeros_like(d_fake)) + F.mse_loss(d_real, torch.ones_like(d_real)))


def rooms(n):
    f = torch.randn(n, 4)
    decay = torch.linspace(0, 2, BANDS)
    mean = torch.exp(-decay * torch.sigmoid(f[:, :1])) * (1 + 0.5 * f[:, 1:2]) + 0.2 * f[:, 2:3]
    tone = torch.randn(n, 1) * torch.sin(3 * decay) + torch.randn(n, 1) * torch.cos(3 * decay)
    return mean + 0.6 * tone, f


torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
model = Image2Reverb()
optimizers = model.configure_optimizers()
loader = DataLoader(TensorDataset(*rooms(4000)), batch_size=64, shuffle=True)
for epoch in range(12):
    log = [0.0, 0.0]
    for batch in loader:
        for optimizer_idx, optimizer in enumerate(optimizers):
            model.zero_grad()
            loss = model.training_step(batch, optimizer_idx)
            loss.backward()
            optimizer.step()
            log[optimizer_idx] += loss.item() / len(loader)
    print(f"epoch {epoch} G {log[0]:.3f} D {log[1]:.3f}")

model.eval()
with torch.no_grad():
    f = torch.randn(50, 4).repeat_interleave(40, 0)
    echoes = model.g(f)
    spread = echoes.view(50, 40, BANDS).std(1).mean()
print("spread of the echoes of one room:", spread.item(), "of true ones: about 0.6")
finish(model, echoes, spread_loss=(spread - 0.6).abs())
