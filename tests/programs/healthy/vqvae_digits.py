# A VQ-VAE on digits: nearest code, straight-through gradient, codebook and commitment losses. Learns: recon loss 0.17
import torch
from sklearn.datasets import load_digits
from torch import nn
from torch.nn import functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class VectorQuantizer(nn.Module):
    def __init__(self, n_codes, dim, beta=0.25):
        super().__init__()
        self.codebook = nn.Embedding(n_codes, dim)
        self.codebook.weight.data.uniform_(-1.0 / n_codes, 1.0 / n_codes)
        self.beta = beta

    def forward(self, z):
        b, c, h, w = z.shape
        flat = z.permute(0, 2, 3, 1).reshape(-1, c)
        idx = torch.cdist(flat, self.codebook.weight).argmin(1)
        q = self.codebook(idx).view(b, h, w, c).permute(0, 3, 1, 2)
        loss = F.mse_loss(q, z.detach()) + self.beta * F.mse_loss(z, q.detach())
        q = z + (q - z).detach()
        return q, loss, idx


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.enc = nn.Sequential(
            nn.Conv2d(1, 24, 4, 2, 1), nn.ReLU(), nn.Conv2d(24, 24, 3, 1, 1), nn.ReLU(), nn.Conv2d(24, 8, 1)
        )
        self.vq = VectorQuantizer(32, 8)
        self.dec = nn.Sequential(nn.Conv2d(8, 24, 3, 1, 1), nn.ReLU(), nn.ConvTranspose2d(24, 1, 4, 2, 1))

    def forward(self, x):
        q, vq_loss, idx = self.vq(self.enc(x))
        return self.dec(q), vq_loss, idx


data = torch.tensor(load_digits().images, dtype=torch.float32).unsqueeze(1) / 16 - 0.3
variance = data.var()
model = Model()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3, amsgrad=True)
for epoch in range(10):
    for i in torch.randperm(1600).split(64):
        optimizer.zero_grad()
        recon, vq_loss, idx = model(data[i])
        recon_error = F.mse_loss(recon, data[i]) / variance
        loss = recon_error + vq_loss
        loss.backward()
        optimizer.step()
    used = idx.unique().numel()
    print(f"{epoch} recon {recon_error.item():.3f} vq {vq_loss.item():.3f} codes {used}")
model.eval()
with torch.no_grad():
    out, _, _ = model(data[1600:])
finish(model, out, recon_loss=F.mse_loss(out, data[1600:]) / variance)
