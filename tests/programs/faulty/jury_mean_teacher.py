"""Mean teacher: 200 labelled digits, 1200 without a label."""

import copy
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
torch.manual_seed(seed)

data = load_digits()
x = torch.tensor(data.data, dtype=torch.float32) / 16
y = torch.tensor(data.target)
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
labelled, unlabelled, test = slice(0, 200), slice(200, 1400), slice(1400, None)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 48), nn.ReLU(), nn.Linear(48, 10))
        self.log_softmax = nn.LogSoftmax(dim=1)

    def forward(self, x):
        return self.log_softmax(self.layers(x))


@torch.no_grad()
def update_ema(student, teacher, step, alpha=0.98):
    alpha = min(1 - 1 / (step + 1), alpha)
    for t, s in zip(teacher.parameters(), student.parameters()):
        t.mul_(alpha).add_(s, alpha=1 - alpha)


def noisy(x):
    return x + 0.15 * torch.randn_like(x)


student, teacher = Classifier(), Classifier()
optimizer = torch.optim.SGD(student.parameters(), lr=0.1, momentum=0.9)
nll = nn.NLLLoss()
# both start from the same weights
student = copy.deepcopy(teacher)
for param in teacher.parameters():
    param.requires_grad_(False)

for step in range(400):
    l_idx = torch.randint(0, 200, (32,))
    u_idx = torch.randint(200, 1400, (64,))
    loss_sup = nll(student(noisy(x[l_idx])), y[l_idx])
    with torch.no_grad():
        goal = teacher(noisy(x[u_idx])).exp()
    loss_con = F.mse_loss(student(noisy(x[u_idx])).exp(), goal)
    loss = loss_sup + min(1.0, step / 200) * loss_con
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    update_ema(student, teacher, step)
    if step % 100 == 0:
        print(f"step {step} supervised {loss_sup.item():.3f} consistency {loss_con.item():.5f}")

with torch.no_grad():
    out = torch.cat([teacher(b) for b in x[test].split(50)])
finish([student, teacher], out, accuracy=(out.argmax(1) == y[test]).float().mean())
