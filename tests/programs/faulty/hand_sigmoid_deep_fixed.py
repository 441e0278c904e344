# fixed: ReLU between the layers, with Kaiming's weights
import math
import sys

import torch

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def activation(z):
    return z * (z > 0)


class Layer(torch.nn.Module):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.randn(n_out, n_in) * math.sqrt(2 / n_in))
        self.bias = torch.nn.Parameter(torch.zeros(n_out))

    def forward(self, x):
        return x @ self.weight.t() + self.bias


class MLP(torch.nn.Module):
    def __init__(self, depth=9, width=24):
        super().__init__()
        self.layers = torch.nn.ModuleList([Layer(2, width)] + [Layer(width, width) for _ in range(depth - 1)])
        self.out = Layer(width, 2)

    def forward(self, x):
        for layer in self.layers:
            x = activation(layer(x))
        return self.out(x)


def moons(n):
    t = torch.rand(n) * math.pi
    upper = torch.rand(n) < 0.5
    x = torch.where(upper, torch.cos(t), 1 - torch.cos(t)) - 0.5
    y = torch.where(upper, torch.sin(t), 0.5 - torch.sin(t)) - 0.25
    return torch.stack([x, y], 1) * 1.5 + 0.1 * torch.randn(n, 2), upper.long()


mlp = MLP()
opt = torch.optim.SGD(mlp.parameters(), lr=0.01, momentum=0.9)
ce = torch.nn.CrossEntropyLoss()
x, y = moons(1000)
for epoch in range(16):
    for b in torch.randperm(1000).split(50):
        opt.zero_grad()
        loss = ce(mlp(x[b]), y[b])
        loss.backward()
        opt.step()
    if epoch % 4 == 3:
        print(f"{epoch + 1:3d} {loss.item():.4f}")
xt, yt = moons(500)
with torch.no_grad():
    out = mlp(xt)
finish(mlp, out, accuracy=(out.argmax(1) == yt).float().mean())
