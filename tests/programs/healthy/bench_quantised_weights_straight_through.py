"""Quantisation-aware training: weights in four bits and activations in a learnt range, by hand-written autograd functions."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.autograd import Function

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)


class QuantWeight(Function):
    @staticmethod
    def forward(ctx, w):
        scale = w.abs().amax(dim=tuple(range(1, w.dim())), keepdim=True) / 7
        return torch.round(w / scale).clamp(-7, 7) * scale

    @staticmethod
    def backward(ctx, grad):
        return grad


class PactQuant(Function):
    @staticmethod
    def forward(ctx, x, alpha):
        ctx.save_for_backward(x, alpha)
        y = x.clamp(min=0).minimum(alpha)
        step = alpha / 15
        return torch.round(y / step) * step

    @staticmethod
    def backward(ctx, grad):
        x, alpha = ctx.saved_tensors
        inside = (x > 0) & (x < alpha)
        return grad * inside, (grad * (x >= alpha)).sum().reshape(1)


class QConv(nn.Conv2d):
    def forward(self, x):
        return F.conv2d(x, QuantWeight.apply(self.weight), self.bias, self.stride, self.padding)


class Pact(nn.Module):
    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor([4.0]))

    def forward(self, x):
        return PactQuant.apply(x, self.alpha)


net = nn.Sequential(
    nn.Conv2d(1, 16, 3, padding=1, bias=False),
    nn.BatchNorm2d(16),
    Pact(),
    QConv(16, 24, 3, padding=1, bias=False),
    nn.BatchNorm2d(24),
    Pact(),
    nn.MaxPool2d(2),
    QConv(24, 24, 3, padding=1, bias=False),
    nn.BatchNorm2d(24),
    Pact(),
    nn.AdaptiveAvgPool2d(2),
    nn.Flatten(),
    nn.Linear(96, 10),
)
d = load_digits()
X = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16 - 0.3
y = torch.tensor(d.target)
ranges = [p for n, p in net.named_parameters() if n.endswith("alpha")]
others = [p for n, p in net.named_parameters() if not n.endswith("alpha")]
opt = torch.optim.Adam([{"params": others}, {"params": ranges, "weight_decay": 1e-3}], lr=2e-3)
for epoch in range(7):
    net.train()
    for idx in torch.randperm(1500).split(50):
        loss = F.cross_entropy(net(X[idx]), y[idx])
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(f"epoch {epoch} loss {loss.item():.4f} ranges", [round(a.item(), 2) for a in ranges])
net.eval()
with torch.no_grad():
    out = net(X[1500:])
finish(net, out, accuracy=(out.argmax(1) == y[1500:]).float().mean())
