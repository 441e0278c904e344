# fixed: the discriminator gives logits
# thread: "> @KrnTneja: Thanks for your tricks ... I also meet the problem of loss D goes to zero" (soumith/ganhacks #67)
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)
batch_size, nz, iters = 64, 8, 1000


def weights_init(m):
    if isinstance(m, nn.Linear):
        nn.init.xavier_normal_(m.weight)
        nn.init.zeros_(m.bias)


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(nn.Linear(nz, 64), nn.ReLU(True), nn.Linear(64, 64), nn.ReLU(True), nn.Linear(64, 2))

    def forward(self, z):
        return self.main(z)


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.main = nn.Sequential(
            nn.Linear(2, 64), nn.LeakyReLU(0.2), nn.Linear(64, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1)
        )

    def forward(self, x):
        return self.main(x).squeeze(1)


def sample_stars(n):
    return torch.tensor([12.0, -12.0]) + 0.5 * torch.randn(n, 2)


G, D = Generator(), Discriminator()
G.apply(weights_init)
D.apply(weights_init)
criterion = nn.BCEWithLogitsLoss()
optD = torch.optim.Adam(D.parameters(), lr=1e-3, betas=(0.5, 0.999))
optG = torch.optim.Adam(G.parameters(), lr=1e-3, betas=(0.5, 0.999))
real_label, fake_label = torch.ones(batch_size), torch.zeros(batch_size)
for it in range(iters):
    D.zero_grad()
    fake = G(torch.randn(batch_size, nz))
    loss_real = criterion(D(sample_stars(batch_size)), real_label)
    loss_fake = criterion(D(fake.detach()), fake_label)
    (loss_real + loss_fake).backward()
    optD.step()

    G.zero_grad()
    loss_g = criterion(D(fake), real_label)
    loss_g.backward()
    optG.step()
    if it % 100 == 0:
        print(f"[{it}/{iters}] loss_D {loss_real.item() + loss_fake.item():.3f} loss_G {loss_g.item():.3f}")
G.eval()
with torch.no_grad():
    out = G(torch.randn(1000, nz))
finish([G, D], out, mean_loss=(out.mean(0) - torch.tensor([12.0, -12.0])).norm())
