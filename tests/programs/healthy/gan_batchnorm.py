# DCGAN's habits: batch norm in the generator, samples for D under no_grad, pictures drawn in training mode. Learns: MEASURED
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

netG = nn.Sequential(
    nn.Linear(4, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 48), nn.BatchNorm1d(48), nn.ReLU(), nn.Linear(48, 1)
)
netD = nn.Sequential(
    nn.Linear(1, 48), nn.LeakyReLU(0.2), nn.Dropout(0.1), nn.Linear(48, 48), nn.LeakyReLU(0.2), nn.Linear(48, 1)
)
criterion = nn.BCEWithLogitsLoss()
optG = torch.optim.Adam(netG.parameters(), lr=1e-3, betas=(0.5, 0.999))
optD = torch.optim.Adam(netD.parameters(), lr=2e-3, betas=(0.5, 0.999))
real_label, fake_label = torch.ones(64, 1), torch.zeros(64, 1)
fixed_noise = torch.randn(256, 4)
for step in range(400):
    real = 4 + 1.25 * torch.randn(64, 1)
    with torch.no_grad():
        fake = netG(torch.randn(64, 4))
    optD.zero_grad()
    lossD = criterion(netD(real), real_label) + criterion(netD(fake), fake_label)
    lossD.backward()
    optD.step()
    optG.zero_grad()
    lossG = criterion(netD(netG(torch.randn(64, 4))), real_label)
    lossG.backward()
    optG.step()
    if step % 100 == 0:
        with torch.no_grad():
            picture = netG(fixed_noise)
        print(f"[{step}] D {lossD.item():.4f} G {lossG.item():.4f} mean {picture.mean():.3f} std {picture.std():.3f}")
with torch.no_grad():
    picture = netG(fixed_noise)
finish([netG, netD], picture, distance_loss=(picture.mean() - 4).abs() + (picture.std() - 1.25).abs())
