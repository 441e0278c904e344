import math
import sys

import torch
import torch.nn as nn

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

RATE, LENGTH = 400, 400


def clip(keyword):
    """One second of sound; speakers begin when they like, and some keywords are short."""
    t = torch.arange(LENGTH) / RATE
    base = (30, 55, 85, 120)[keyword]
    tone = torch.sin(2 * math.pi * base * t + 6.28 * torch.rand(1)) + 0.5 * torch.sin(4 * math.pi * base * t)
    start = int(torch.randint(0, 150, (1,)))
    stop = start + int(torch.randint(100, 240, (1,)))
    gate = torch.zeros(LENGTH)
    gate[start:stop] = 1
    wave = gate * (tone + 0.6 * torch.randn(LENGTH))
    return wave * (0.2 + torch.rand(1))


labels = torch.randint(0, 4, (900,))
waves = torch.stack([clip(int(k)) for k in labels])
train_w, test_w, train_l, test_l = waves[:700], waves[700:], labels[:700], labels[700:]


class Frontend(nn.Module):
    """A learnt filter bank, its energy in frames, and the logarithm of it, as the ear does."""

    def __init__(self, bands=16):
        super().__init__()
        self.bank = nn.Conv1d(1, bands, kernel_size=40, padding=20, bias=False)
        self.frames = nn.AvgPool1d(20)

    def forward(self, wave):
        t = self.frames(self.bank(wave.unsqueeze(1)) ** 2)
        return torch.log(t)


class KeywordNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.frontend = Frontend()
        self.conv = nn.Conv1d(16, 32, 3)
        self.out = nn.Linear(32, 4)

    def forward(self, wave):
        h = torch.relu(self.conv(self.frontend(wave)))
        return self.out(h.mean(dim=-1))


net = KeywordNet()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)
for epoch in range(15):
    net.train()
    running = 0.0
    for idx in torch.randperm(700).split(50):
        opt.zero_grad()
        loss = nn.functional.cross_entropy(net(train_w[idx]), train_l[idx])
        loss.backward()
        opt.step()
        running += loss.item() / 14
    print("epoch", epoch, "loss", running)

net.eval()
with torch.no_grad():
    print("final accuracy", (net(test_w).argmax(1) == test_l).float().mean().item())
