"""Adversarial vocoder features: one critic listens to the resolution part, one to the period part."""

import sys
from itertools import chain

import torch
import torch.nn as nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

BAND = 6
LATENT = 12


def real_batch(n):
    base = torch.randn(n, 2)
    slope = torch.linspace(-1, 1, BAND)
    spectrum = 1.5 + 0.6 * base[:, :1] * slope + 0.1 * torch.randn(n, BAND)
    period = -1.0 + 0.6 * base[:, 1:] * slope.flip(0) + 0.1 * torch.randn(n, BAND)
    return torch.cat([spectrum, period], 1)


def critic(n_in):
    return nn.Sequential(
        nn.Linear(n_in, 48), nn.LeakyReLU(0.2), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)
    )


class Universe(nn.Module):
    def __init__(self):
        super().__init__()
        self.generator = nn.Sequential(
            nn.Linear(LATENT, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2 * BAND)
        )
        self.loss_mrd = critic(BAND)
        self.loss_mpd = critic(BAND)

    def scores(self, x):
        return self.loss_mrd(x[:, :BAND]), self.loss_mpd(x[:, BAND:])

    def configure_optimizers(self):
        params_disc = chain(self.loss_mrd.parameters(), self.loss_mpd.parameters())
        opt_g = torch.optim.Adam(self.generator.parameters(), lr=1e-3, betas=(0.5, 0.9))
        opt_d = torch.optim.Adam(params_disc, lr=1e-3, betas=(0.5, 0.9))
        return opt_g, opt_d


model = Universe()
opt_g, opt_d = model.configure_optimizers()

for step in range(700):
    real = real_batch(64)
    fake = model.generator(torch.randn(64, LATENT))

    opt_d.zero_grad()
    loss_d = 0
    for r, f in zip(model.scores(real), model.scores(fake.detach())):
        loss_d = loss_d + ((r - 1) ** 2).mean() + (f**2).mean()
    loss_d.backward()
    opt_d.step()

    opt_g.zero_grad()
    loss_g = sum(((f - 1) ** 2).mean() for f in model.scores(fake))
    loss_g.backward()
    opt_g.step()
    if step % 200 == 0:
        print(f"step {step} loss_d {loss_d.item():.3f} loss_g {loss_g.item():.3f}")

with torch.no_grad():
    real, fake = real_batch(4000), model.generator(torch.randn(4000, LATENT))
    gap = (real.mean(0) - fake.mean(0)).abs().mean() + (real.std(0) - fake.std(0)).abs().mean()
print("final moment_loss", round(gap.item(), 4))
