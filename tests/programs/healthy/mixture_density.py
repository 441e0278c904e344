# A mixture density network on the inverse of x = y + 0.3 sin(2πy): softmax weights, exp of log-sigmas, logsumexp likelihood. Learns: nll loss -1.07
import math

import torch
import torch.nn as nn

from digest import finish

torch.manual_seed(1)
torch.set_num_threads(1)


class MDN(nn.Module):
    def __init__(self, n_hidden=32, n_gaussians=5):
        super().__init__()
        self.z_h = nn.Sequential(nn.Linear(1, n_hidden), nn.Tanh())
        self.z_pi = nn.Linear(n_hidden, n_gaussians)
        self.z_mu = nn.Linear(n_hidden, n_gaussians)
        self.z_sigma = nn.Linear(n_hidden, n_gaussians)

    def forward(self, x):
        z_h = self.z_h(x)
        return nn.functional.log_softmax(self.z_pi(z_h), -1), self.z_mu(z_h), self.z_sigma(z_h)


def mdn_loss_fn(log_pi, mu, log_sigma, y):
    log_prob = -0.5 * ((y - mu) * torch.exp(-log_sigma)) ** 2 - log_sigma - 0.5 * math.log(2 * math.pi)
    return -torch.logsumexp(log_pi + log_prob, dim=1).mean()


y = torch.rand(1500, 1)
x = y + 0.3 * torch.sin(2 * math.pi * y) + 0.05 * torch.randn(1500, 1)
network = MDN()
optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
for epoch in range(600):
    loss = mdn_loss_fn(*network(x[:1200]), y[:1200])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 150 == 0:
        print(epoch, f"{loss.item():.4f}")
with torch.no_grad():
    told = network(x[1200:])
    nll = mdn_loss_fn(*told, y[1200:])
finish(network, torch.cat(told, 1), nll_loss=nll)
