"""A small adversarial pair: the generator turns a room's features into its decay curve."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


def rooms(count):
    features = torch.rand(count, 3) * 2 - 1
    rate = 2 + 1.5 * features[:, :1] + 0.5 * features[:, 1:2]
    t = torch.linspace(0, 1, 16)
    return features, torch.exp(-rate * t) + 0.05 * torch.randn(count, 16)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(3 + 4, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 16)
        )

    def forward(self, f):
        z = torch.randn(f.size(0), 4)
        return self.body(torch.cat([f, z], 1))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(16 + 3, 64)
        self.fc2 = nn.Linear(64, 64)
        self.out = nn.Linear(64, 1)

    def forward(self, spec, f):
        h = F.leaky_relu(self.fc1(torch.cat([spec, f], 1)), 0.2)
        return self.out(F.leaky_relu(self.fc2(h), 0.2))


class Image2Reverb:
    def __init__(self):
        self.g, self.d = Generator(), Discriminator()
        self.g_optim = torch.optim.Adam(self.g.parameters(), lr=1e-3, betas=(0.5, 0.999))
        self.d_optim = torch.optim.Adam(self.d.parameters(), lr=1e-3, betas=(0.5, 0.999))

    def training_step(self, f, spec):
        fake_spec = self.g(f)
        d_fake2 = self.d(fake_spec, f)
        G_loss = F.mse_loss(d_fake2, torch.ones(d_fake2.shape))
        self.g_optim.zero_grad()
        G_loss.backward()
        self.g_optim.step()

        d_real = self.d(spec, f)
        d_fake = self.d(fake_spec.detach(), f)
        D_loss = 0.5 * (F.mse_loss(d_real, torch.ones_like(d_real)) + F.mse_loss(d_fake, torch.zeros_like(d_fake)))
        self.d_optim.zero_grad()
        D_loss.backward()
        self.d_optim.step()
        return G_loss.item(), D_loss.item()


features, curves = rooms(2048)
model = Image2Reverb()
for epoch in range(30):
    for batch in torch.randperm(2048).split(64):
        G_loss, D_loss = model.training_step(features[batch], curves[batch])
    if epoch % 5 == 0:
        print(f"epoch {epoch}: G {G_loss:.3f} D {D_loss:.3f}")

test_features, test_curves = rooms(512)
with torch.no_grad():
    made = model.g(test_features)
print("final loss", F.mse_loss(made, test_curves).item())
