# fault: the generator minimises log(1 - D(G(z))), which is flat once the discriminator is sure
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

batch_size, nz, lr = 64, 4, 0.002


def real_batch():
    """A ring of eight spots around (6, 6)."""
    angle = torch.randint(0, 8, (batch_size,)) * (2 * torch.pi / 8)
    return torch.stack([6 + 2 * angle.cos(), 6 + 2 * angle.sin()], 1) + 0.1 * torch.randn(batch_size, 2)


G = nn.Sequential(nn.Linear(nz, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 2))
D = nn.Sequential(
    nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1), nn.Sigmoid()
)
optimizerD = torch.optim.Adam(D.parameters(), lr=lr, betas=(0.5, 0.999))
optimizerG = torch.optim.Adam(G.parameters(), lr=lr / 10, betas=(0.5, 0.999))
eps = 1e-8

for i in range(1200):
    real = real_batch()
    fake = G(torch.randn(batch_size, nz))

    optimizerD.zero_grad()
    lossD = -(torch.log(D(real) + eps) + torch.log(1 - D(fake.detach()) + eps)).mean()
    lossD.backward()
    optimizerD.step()

    optimizerG.zero_grad()
    lossG = torch.log(1 - D(fake) + eps).mean()
    lossG.backward()
    optimizerG.step()
    if i % 200 == 0:
        print(f"[{i}/1200] Loss_D: {lossD.item():.4f} Loss_G: {lossG.item():.4f}")

with torch.no_grad():
    forged = G(torch.randn(1000, nz))
finish([G, D], forged, distance_loss=(forged.mean(0) - torch.tensor([6.0, 6.0])).norm())
