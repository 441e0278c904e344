# Bayes by backprop: each weight is a Gaussian, drawn anew at each step; minibatches share the KL to the prior. Learns: r2 0.96
import math

import torch
import torch.nn.functional as F
from torch import nn

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)


class BayesianLinear(nn.Module):
    def __init__(self, inputs, outputs, prior=1.0):
        super().__init__()
        self.mu = nn.Parameter(torch.randn(outputs, inputs) / math.sqrt(inputs))
        self.rho = nn.Parameter(torch.full((outputs, inputs), -4.0))
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.prior = prior

    def forward(self, x):
        sigma = F.softplus(self.rho)
        self.kl = (torch.log(self.prior / sigma) + (sigma**2 + self.mu**2) / (2 * self.prior**2) - 0.5).sum()
        return F.linear(x, self.mu + sigma * torch.randn_like(sigma), self.bias)


layers = [BayesianLinear(1, 50), BayesianLinear(50, 50), BayesianLinear(50, 1)]
net = nn.Sequential(layers[0], nn.Tanh(), layers[1], nn.Tanh(), layers[2])
x = torch.rand(600, 1) * 4 - 2
y = torch.sin(2.5 * x) + 0.1 * torch.randn_like(x)
optimizer = torch.optim.Adam(net.parameters(), lr=5e-3)
for epoch in range(60):
    for batch in torch.randperm(600).split(100):
        likelihood = F.gaussian_nll_loss(net(x[batch]), y[batch], torch.full((len(batch), 1), 0.01))
        loss = likelihood + sum(layer.kl for layer in layers) / 600
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
grid = torch.linspace(-2, 2, 200)[:, None]
with torch.no_grad():
    draws = torch.stack([net(grid) for _ in range(20)])
mean = draws.mean(0)
truth = torch.sin(2.5 * grid)
finish(net, mean, r2=1 - ((mean - truth) ** 2).mean() / truth.var())
