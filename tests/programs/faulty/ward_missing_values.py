# Imputation with a generator and a discriminator (GAIN), ported from TensorFlow.
import sys

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.autograd import Variable

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)
rng = np.random.default_rng(seed)

# a table of 8 columns that hang on 2 hidden ones
factors = rng.standard_normal((4000, 2))
table = factors @ rng.standard_normal((2, 8)) + 0.2 * rng.standard_normal((4000, 8))
table = (table - table.mean(0)) / table.std(0)
present = (rng.random(table.shape) > 0.25).astype("float32")
X = torch.tensor(table, dtype=torch.float32)
M = torch.from_numpy(present)
dim, alpha, p_hint = X.shape[1], 10.0, 0.9


class Generator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(dim * 2, 32)
        self.fc2 = nn.Linear(32, 32)
        self.fc3 = nn.Linear(32, dim)

    def forward(self, x, m):
        h = F.relu(self.fc1(torch.cat([x, m], dim=1)))
        return self.fc3(F.relu(self.fc2(h)))


class Discriminator(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(dim * 2, 32)
        self.fc2 = nn.Linear(32, dim)

    def forward(self, x, hint):
        return torch.sigmoid(self.fc2(F.relu(self.fc1(torch.cat([x, hint], dim=1)))))


net_g, net_d = Generator(), Discriminator()
opt_g = torch.optim.Adam(net_g.parameters(), lr=2e-3)
opt_d = torch.optim.Adam(net_d.parameters(), lr=1e-3)
train = torch.arange(3200)


def impute(x, m):
    noise = 0.01 * torch.randn_like(x)
    sample = net_g(m * x + (1 - m) * noise, m)
    return sample, m * x + (1 - m) * sample


for it in range(700):
    rows = train[torch.randint(len(train), (128,))]
    x, m = X[rows], M[rows]
    hint = m * (torch.rand_like(m) < p_hint).float()

    with torch.no_grad():
        _, x_hat = impute(x, m)
    d_loss = F.binary_cross_entropy(net_d(x_hat, hint), m)
    opt_d.zero_grad()
    d_loss.backward()
    opt_d.step()

    shown = m * (torch.rand_like(m) < 0.8).float()
    g_sample, _ = impute(x, shown)
    g_sample = Variable(g_sample.data, requires_grad=True)
    d_prob = net_d(m * x + (1 - m) * g_sample, hint)
    fool = -((1 - m) * torch.log(d_prob + 1e-8)).mean()
    g_loss = fool + alpha * ((m * x - m * g_sample) ** 2).sum() / m.sum()
    opt_g.zero_grad()
    g_loss.backward()
    opt_g.step()
    if it % 150 == 0:
        print(f"iter {it}  D {d_loss.item():.3f}  G {g_loss.item():.3f}")

net_g.eval()
with torch.no_grad():
    x, m = X[3200:], M[3200:]
    sample, _ = impute(x, m)
    rmse = (((1 - m) * (x - sample)) ** 2).sum().div((1 - m).sum()).sqrt()
print("final loss", rmse.item())
