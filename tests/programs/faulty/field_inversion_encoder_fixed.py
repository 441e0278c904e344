# idinvert_pytorch-reproduced#1: the encoder of a GAN inversion is trained against a discriminator.
# Fixed: optimizer_D.zero_grad() before D_loss.backward().
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def GAN_loss(scores_out, real=True):
    if real:
        return torch.mean(F.softplus(-scores_out))
    else:
        return torch.mean(F.softplus(scores_out))


def div_loss_(D, real_x):
    x_ = real_x.clone().requires_grad_(True)
    y_ = D(x_)
    grad = torch.autograd.grad(outputs=y_, inputs=x_, grad_outputs=torch.ones_like(y_), create_graph=True)[0]
    return torch.mean((grad * grad).sum(dim=1))


class Config:
    epochs = 12
    batch_size = 64
    z_dim = 24
    E_lr = 1e-3
    D_lr = 1e-3
    loss_pix_weight = 1.0
    loss_adv_weight = 0.1
    loss_gp_weight = 5.0


config = Config()
data = torch.tensor(load_digits().data, dtype=torch.float32) / 8 - 1
train_dataloader = DataLoader(data[:1500], batch_size=config.batch_size, shuffle=True, drop_last=True)

# the generator is given and stays as it is: here the principal components, squashed
mean = data.mean(0)
basis = torch.linalg.svd(data - mean, full_matrices=False)[2][: config.z_dim]


def G(z):
    return torch.tanh(1.5 * (mean + 3 * z @ basis))


E = nn.Sequential(nn.Linear(64, 128), nn.LeakyReLU(0.2), nn.Linear(128, config.z_dim))
D = nn.Sequential(nn.Linear(64, 128), nn.LeakyReLU(0.2), nn.Linear(128, 64), nn.LeakyReLU(0.2), nn.Linear(64, 1))
optimizer_E = torch.optim.Adam(E.parameters(), lr=config.E_lr, betas=(0.9, 0.99))
optimizer_D = torch.optim.Adam(D.parameters(), lr=config.D_lr, betas=(0.9, 0.99))

for epoch in range(config.epochs):
    for step, x in enumerate(train_dataloader):
        x_rec = G(E(x))

        # optimizing D
        loss_real = GAN_loss(D(x), real=True)
        loss_fake = GAN_loss(D(x_rec.detach()), real=False)
        loss_gp = div_loss_(D, x)
        D_loss = loss_real + loss_fake + config.loss_gp_weight * loss_gp
        optimizer_D.zero_grad()
        D_loss.backward()
        optimizer_D.step()

        # optimizing E
        loss_pix = torch.mean((x - x_rec) ** 2)
        loss_adv = GAN_loss(D(x_rec), real=True)
        E_loss = config.loss_pix_weight * loss_pix + config.loss_adv_weight * loss_adv
        optimizer_E.zero_grad()
        E_loss.backward()
        optimizer_E.step()
    print(
        f"Epoch:{epoch:03d}, D-[real:{loss_real:.3f}, fake:{loss_fake:.3f}, gp:{loss_gp:.3f}], G-[pix:{loss_pix:.3f}]"
    )

with torch.no_grad():
    rec = G(E(data[1500:]))
    told_apart = ((D(data[1500:]) > 0).float().mean() + (D(rec) < 0).float().mean()) / 2
    print(f"told apart {told_apart:.3f}")
    d_loss = GAN_loss(D(data[1500:])) + GAN_loss(D(rec), real=False)
finish([*E.state_dict().values(), *D.state_dict().values()], rec, d_loss=d_loss)
