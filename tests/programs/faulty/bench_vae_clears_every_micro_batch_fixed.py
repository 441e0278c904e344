"""Autoencoder with a KL term on single frames of a moving pattern; batches of 32 are built from eight micro-batches of four."""

import argparse
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

parser = argparse.ArgumentParser()
parser.add_argument("seed", nargs="?", type=int, default=0)
parser.add_argument("--micro-batch-size", type=int, default=4)
parser.add_argument("--accumulate", type=int, default=8)
parser.add_argument("--lr", type=float, default=0.003)
parser.add_argument("--kl-weight", type=float, default=0.01)
args = parser.parse_args()
torch.manual_seed(args.seed)


def frames(n):
    grid = torch.linspace(-1, 1, 16)
    yy, xx = torch.meshgrid(grid, grid, indexing="ij")
    c = torch.rand(n, 2, 1, 1) * 1.6 - 0.8
    w = 4 + 8 * torch.rand(n, 1, 1)
    blob = torch.exp(-w * ((yy - c[:, 0]) ** 2 + (xx - c[:, 1]) ** 2))
    return (2 * blob - 0.4).unsqueeze(1)


class AutoencoderKL(nn.Module):
    def __init__(self, latent=8):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 16, 3, 2, 1), nn.SiLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.SiLU(), nn.Flatten()
        )
        self.quant = nn.Linear(512, 2 * latent)
        self.post_quant = nn.Linear(latent, 512)
        self.decoder = nn.Sequential(
            nn.Unflatten(1, (32, 4, 4)),
            nn.ConvTranspose2d(32, 16, 4, 2, 1),
            nn.SiLU(),
            nn.ConvTranspose2d(16, 1, 4, 2, 1),
        )

    def forward(self, x):
        mean, logvar = self.quant(self.encoder(x)).chunk(2, 1)
        logvar = logvar.clamp(-10, 5)
        z = mean + torch.randn_like(mean) * (0.5 * logvar).exp()
        kl = 0.5 * (mean**2 + logvar.exp() - 1 - logvar).sum(1).mean()
        return self.decoder(F.silu(self.post_quant(z))), kl


model = AutoencoderKL()
opt = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)
data = frames(640)
step = 0
for epoch in range(8):
    for i, idx in enumerate(torch.randperm(len(data)).split(args.micro_batch_size)):
        x = data[idx]
        rec, kl = model(x)
        loss = ((rec - x) ** 2).sum((1, 2, 3)).mean() + args.kl_weight * kl
        (loss / args.accumulate).backward()
        if (i + 1) % args.accumulate == 0:
            opt.step()
            opt.zero_grad()
            step += 1
    print(f"epoch {epoch} step {step} loss {loss.item():.4f}")

with torch.no_grad():
    test = frames(200)
    rec, _ = model(test)
finish(model, rec, loss=F.mse_loss(rec, test))
