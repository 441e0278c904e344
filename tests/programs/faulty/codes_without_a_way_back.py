# fault: a VQ-VAE hands the looked-up code to the decoder as it is: the reconstruction never reaches the encoder
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
from sklearn.datasets import load_digits


class VQVAE(nn.Module):
    def __init__(self, codes=32, dim=6, places=8):
        super().__init__()
        self.shape = (places, dim)
        self.encoder = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, places * dim))
        self.decoder = nn.Sequential(nn.Linear(places * dim, 64), nn.ReLU(), nn.Linear(64, 64))
        self.codebook = nn.Parameter(torch.randn(codes, dim) * 0.3)

    def forward(self, x):
        z = self.encoder(x).view(-1, *self.shape)
        index = (z.unsqueeze(2) - self.codebook).pow(2).sum(3).argmin(2)
        q = self.codebook[index]
        codebook_loss = (q - z.detach()).pow(2).mean()
        return self.decoder(q.flatten(1)), codebook_loss


data = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 0.6
model = VQVAE()
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(14):
    for i in torch.randperm(1600).split(80):
        recon, codebook_loss = model(data[i])
        loss = nn.functional.mse_loss(recon, data[i]) + codebook_loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    out, _ = model(data[1600:])
finish(model, out, recon_loss=nn.functional.mse_loss(out, data[1600:]))
