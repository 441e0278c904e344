# The first Wasserstein GAN: weights of the critic clipped to 0.1, RMSprop, backward of ones and minus ones, five critic steps for each. Learns: distance loss 0.12
import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
B = 50
one = torch.tensor(1.0)
mone = one * -1


def real(n):
    return torch.randn(n, 2) * torch.tensor([0.3, 0.6]) + torch.tensor([1.0, -1.0])


netD = nn.Sequential(nn.Linear(2, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 1))
netG = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Linear(32, 2))
optimizerD = torch.optim.RMSprop(netD.parameters(), lr=1e-3)
optimizerG = torch.optim.RMSprop(netG.parameters(), lr=1e-3)
for gen_iterations in range(150):
    for p in netD.parameters():  # reset requires_grad
        p.requires_grad = True
    for _ in range(5):
        for p in netD.parameters():
            p.data.clamp_(-0.1, 0.1)
        netD.zero_grad()
        errD_real = netD(real(B)).mean()
        errD_real.backward(mone)
        with torch.no_grad():
            fake = netG(torch.randn(B, 4))
        errD_fake = netD(fake).mean()
        errD_fake.backward(one)
        optimizerD.step()
    for p in netD.parameters():
        p.requires_grad = False  # to avoid computation
    netG.zero_grad()
    errG = netD(netG(torch.randn(B, 4))).mean()
    errG.backward(mone)
    optimizerG.step()
    if gen_iterations % 50 == 0:
        print(f"[{gen_iterations}] Loss_D: {(errD_real - errD_fake).item():.4f} Loss_G: {errG.item():.4f}")
with torch.no_grad():
    fake = netG(torch.randn(1000, 4))
finish([netG, netD], fake, distance_loss=(fake.mean(0) - real(1000).mean(0)).norm())
