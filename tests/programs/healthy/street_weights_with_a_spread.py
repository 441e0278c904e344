# Bayes by backprop: every weight has a mean and a spread, drawn anew each step; the loss is the fit plus KL to the prior. Learns: R2 0.90
import math

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence
from torch.nn import functional as F

from digest import finish

torch.manual_seed(0)


class BayesLinear(nn.Module):
    def __init__(self, inputs, outputs):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.rho = nn.Parameter(torch.full((outputs, inputs), -5.0))
        self.bias_mu = nn.Parameter(torch.zeros(outputs))
        self.bias_rho = nn.Parameter(torch.full((outputs,), -5.0))

    def forward(self, x):
        weight = Normal(self.mu, F.softplus(self.rho))
        bias = Normal(self.bias_mu, F.softplus(self.bias_rho))
        prior = Normal(0.0, 2.0)
        self.kl = kl_divergence(weight, prior).sum() + kl_divergence(bias, prior).sum()
        return F.linear(x, weight.rsample(), bias.rsample())


x = torch.cat([torch.rand(300) * 2 - 3, torch.rand(300) * 2 + 1])[:, None]
y = torch.sin(2 * x) + 0.3 * x + 0.1 * torch.randn_like(x)

net = nn.Sequential(BayesLinear(1, 32), nn.Tanh(), BayesLinear(32, 1))
noise = nn.Parameter(torch.tensor(-1.0))
optimizer = torch.optim.Adam([*net.parameters(), noise], lr=0.02)
for step in range(1500):
    optimizer.zero_grad()
    fit = -Normal(net(x), noise.exp()).log_prob(y).sum()
    kl = sum(m.kl for m in net if isinstance(m, BayesLinear))
    loss = (fit + kl) / len(x)
    loss.backward()
    optimizer.step()
    if step % 300 == 0:
        print(step, loss.item(), noise.exp().item())

with torch.no_grad():
    draws = torch.stack([net(x) for _ in range(50)])
    r2 = 1 - ((draws.mean(0) - y) ** 2).sum() / ((y - y.mean()) ** 2).sum()
finish([net, noise], draws, r2=r2)
