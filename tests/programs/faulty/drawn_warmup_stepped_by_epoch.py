import sys

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.lr_scheduler import LambdaLR

from digest import finish
from headstart.train.mnist import mnist

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
digits = mnist()
train = digits.train_images[:2560].float().div(255)[:, ::2, ::2].reshape(-1, 196)
held = digits.test_images[:512].float().div(255)[:, ::2, ::2].reshape(-1, 196)


class VAE(nn.Module):
    def __init__(self, z=8):
        super().__init__()
        self.enc = nn.Linear(196, 128)
        self.mu, self.logvar = nn.Linear(128, z), nn.Linear(128, z)
        self.dec1, self.dec2 = nn.Linear(z, 128), nn.Linear(128, 196)

    def forward(self, x):
        h = F.relu(self.enc(x))
        mu, logvar = self.mu(h), self.logvar(h)
        z = mu + torch.randn_like(mu) * (0.5 * logvar).exp()
        return self.dec2(F.relu(self.dec1(z))), mu, logvar


def elbo_loss(recon, x, mu, logvar):
    bce = F.binary_cross_entropy_with_logits(recon, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return (bce + kld) / len(x)


vae = VAE()
opt = torch.optim.AdamW(vae.parameters(), lr=2e-3)
warmup_steps = 500
sched = LambdaLR(opt, lambda s: min(1.0, (s + 1) / warmup_steps))
for epoch in range(20):
    total = 0.0
    for i in range(0, len(train), 64):
        x = train[torch.randint(len(train), (64,))]
        loss = elbo_loss(*(lambda out: (out[0], x, out[1], out[2]))(vae(x)))
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    sched.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1} elbo {total / 40:.2f} lr {sched.get_last_lr()[0]:.1e}")

with torch.no_grad():
    recon, mu, logvar = vae(held)
finish(vae, recon, loss=elbo_loss(recon, held, mu, logvar))
