# fixed: BCEWithLogitsLoss
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


def draw(n):
    """Two spirals."""
    t = torch.rand(n) * 6 + 0.5
    arm = torch.randint(0, 2, (n,))
    angle = t + arm * torch.pi
    return torch.stack([t * angle.cos(), t * angle.sin()], 1) / 3 + 0.03 * torch.randn(n, 2), arm


x, arm = draw(1600)
w1 = torch.randn(2, 64).requires_grad_()
b1 = torch.randn(64).requires_grad_()
w2 = (torch.randn(64, 64) / 6).requires_grad_()
b2 = torch.zeros(64, requires_grad=True)
w3 = (torch.randn(64, 1) / 8).requires_grad_()
params = [w1, b1, w2, b2, w3]


def score(x):
    return torch.relu(torch.relu(x @ w1 + b1) @ w2 + b2) @ w3


target = arm.float().unsqueeze(1)
optimizer = torch.optim.Adam(params, lr=3e-3)
for step in range(500):
    i = torch.randint(0, 1200, (100,))
    loss = F.binary_cross_entropy_with_logits(score(x[i]), target[i])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print("loss", loss.item())
with torch.no_grad():
    out = score(x[1200:])
finish(params, out, accuracy=((out > 0) == (target[1200:] > 0.5)).float().mean())
