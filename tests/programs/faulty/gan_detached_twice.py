# fault: the generator's loss is computed on fake.detach() as well, so no gradient reaches it
import sys

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def mlp(a, b):
    return nn.Sequential(nn.Linear(a, 48), nn.LeakyReLU(0.1), nn.Linear(48, 48), nn.LeakyReLU(0.1), nn.Linear(48, b))


gen, disc = mlp(3, 1), mlp(1, 1)
g_opt = torch.optim.RMSprop(gen.parameters(), lr=5e-4)
d_opt = torch.optim.RMSprop(disc.parameters(), lr=5e-4)
mse = nn.MSELoss()
for it in range(600):
    fake = gen(torch.rand(64, 3))
    true = 4 + 0.5 * torch.randn(64, 1)
    d_loss = mse(disc(true), torch.ones(64, 1)) + mse(disc(fake.detach()), torch.zeros(64, 1))
    d_opt.zero_grad()
    d_loss.backward()
    d_opt.step()

    g_loss = mse(disc(fake.detach()), torch.ones(64, 1))
    g_opt.zero_grad()
    g_loss.backward()
    g_opt.step()
    if it % 100 == 0:
        print(it, f"d {d_loss.item():.3f} g {g_loss.item():.3f}")
with torch.no_grad():
    out = gen(torch.rand(500, 3))
finish([gen, disc], out, mean_loss=(out.mean() - 4).abs())
