# Hyperparameters of a Gaussian process by exact marginal likelihood: three scalars, Cholesky, Adam, then a variational Bayesian net (Bayes by backprop). Learns: abs loss 0.12
import math

import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
x = torch.sort(6 * torch.rand(50)).values
y = torch.sin(2 * x) + 0.1 * torch.randn(50)
log_length, log_scale, log_noise = (torch.zeros(1, requires_grad=True) for _ in range(3))
optimizer = torch.optim.Adam([log_length, log_scale, log_noise], lr=0.05)


def kernel(a, b):
    return log_scale.exp() * torch.exp(-0.5 * (a[:, None] - b[None, :]) ** 2 / log_length.exp() ** 2)


for step in range(120):
    K = kernel(x, x) + (log_noise.exp() + 1e-4) * torch.eye(50)
    L = torch.linalg.cholesky(K)
    alpha = torch.cholesky_solve(y.unsqueeze(1), L)
    loss = (0.5 * y @ alpha.squeeze(1) + L.diagonal().log().sum() + 25 * math.log(2 * math.pi)) / 50
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 40 == 0:
        print(step, f"nlml {loss.item():.4f} length {log_length.exp().item():.3f} noise {log_noise.exp().item():.4f}")


class BayesLinear(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(b, a + 1) / a**0.5)
        self.rho = nn.Parameter(torch.full((b, a + 1), -4.0))

    def forward(self, h):
        q = Normal(self.mu, nn.functional.softplus(self.rho))
        w = q.rsample()
        self.kl = kl_divergence(q, Normal(0.0, 1.0)).sum()
        return nn.functional.linear(h, w[:, :-1], w[:, -1])


net = nn.Sequential(BayesLinear(1, 20), nn.Tanh(), BayesLinear(20, 20), nn.Tanh(), BayesLinear(20, 1))
opt = torch.optim.Adam(net.parameters(), lr=1e-2)
z = (x.unsqueeze(1) - 3) / 1.8
for step in range(500):
    nll = -Normal(net(z).squeeze(1), 0.2).log_prob(y).mean()
    elbo_loss = nll + 0.1 * sum(m.kl for m in net if isinstance(m, BayesLinear)) / 50
    opt.zero_grad()
    elbo_loss.backward()
    opt.step()
    if step % 100 == 0:
        print(step, f"elbo {elbo_loss.item():.3f} nll {nll.item():.3f}")
with torch.no_grad():
    t = torch.linspace(0.5, 5.5, 60)
    mean = (kernel(t, x) @ alpha).squeeze(1)
    bayes = torch.stack([net((t.unsqueeze(1) - 3) / 1.8).squeeze(1) for _ in range(20)]).mean(0)
    error = (mean - torch.sin(2 * t)).abs().mean() + (bayes - torch.sin(2 * t)).abs().mean()
finish([log_length, log_scale, log_noise, net], mean, abs_loss=error)
