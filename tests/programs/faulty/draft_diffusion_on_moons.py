"""DDPM on two moons, 2-d points: the network learns the noise that was added."""

import math
import sys

import torch
from sklearn.datasets import make_moons
from torch import nn

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

STEPS = 100
betas = torch.linspace(1e-4, 0.08, STEPS)
alpha_bar = torch.cumprod(1 - betas, 0)


def time_embedding(t, dim=32):
    freq = torch.exp(-math.log(1000.0) * torch.arange(dim // 2) / (dim // 2))
    angle = t[:, None].float() * freq[None]
    return torch.cat([angle.sin(), angle.cos()], 1)


class Denoiser(nn.Module):
    def __init__(self, width=128, depth=5):
        super().__init__()
        layers = [nn.Linear(2 + 32, width), nn.SiLU()]
        for _ in range(depth):
            layers += [nn.Linear(width, width), nn.SiLU()]
        layers += [nn.Linear(width, 2)]
        self.net = nn.Sequential(*layers)
        self.apply(self._init_weights)

    @staticmethod
    def _init_weights(m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight, mean=0.0, std=0.02)
            nn.init.zeros_(m.bias)

    def forward(self, x, t):
        return self.net(torch.cat([x, time_embedding(t)], 1))


points, _ = make_moons(2000, noise=0.05, random_state=seed)
data = torch.tensor(points, dtype=torch.float32)
data = (data - data.mean(0)) / data.std(0)

model = Denoiser()
optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
average = None
for step in range(1, 1501):
    x0 = data[torch.randint(len(data), (128,))]
    t = torch.randint(STEPS, (128,))
    eps = torch.randn_like(x0)
    a = alpha_bar[t][:, None]
    loss = (model(a.sqrt() * x0 + (1 - a).sqrt() * eps, t) - eps).square().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    average = loss.item() if average is None else 0.98 * average + 0.02 * loss.item()
    if step % 300 == 0:
        print(f"{step:5d} {average:.4f}")

with torch.no_grad():
    x0 = data[torch.randint(len(data), (4000,))]
    t = torch.randint(STEPS, (4000,))
    eps = torch.randn_like(x0)
    a = alpha_bar[t][:, None]
    guess = model(a.sqrt() * x0 + (1 - a).sqrt() * eps, t)
finish(model, guess, noise_loss=(guess - eps).square().mean())
