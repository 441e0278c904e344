"""Mean teacher: 100 labelled digits, 1,300 without labels; the teacher is an EMA of the student and gives consistency targets."""

import copy
import math
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
d = load_digits()
perm = torch.randperm(1797, generator=torch.Generator().manual_seed(1))
X = (torch.tensor(d.data, dtype=torch.float32) / 8 - 1)[perm]
y = torch.tensor(d.target)[perm]
labelled, unlabelled, test = slice(0, 100), slice(100, 1400), slice(1400, None)

student = nn.Sequential(
    nn.Linear(64, 128),
    nn.BatchNorm1d(128),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(128, 64),
    nn.BatchNorm1d(64),
    nn.ReLU(),
    nn.Linear(64, 10),
)
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.detach_()
opt = torch.optim.SGD(student.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)
steps = 350
lr = torch.optim.lr_scheduler.CosineAnnealingLR(opt, steps)
jitter = lambda x: x + 0.15 * torch.randn_like(x)
for step in range(steps):
    li = torch.randint(100, (32,))
    ui = torch.randint(1300, (64,))
    batch = torch.cat([X[labelled][li], X[unlabelled][ui]])
    out = student(jitter(batch))
    with torch.no_grad():
        target = teacher(jitter(batch)).softmax(1)
    ramp = math.exp(-5 * (1 - min(1, step / 150)) ** 2)
    supervised = F.cross_entropy(out[:32], y[labelled][li])
    consistency = F.mse_loss(out.softmax(1), target)
    loss = supervised + 10 * ramp * consistency
    opt.zero_grad()
    loss.backward()
    opt.step()
    lr.step()
    momentum = min(1 - 1 / (step + 1), 0.99)
    with torch.no_grad():
        for t, s in zip(teacher.parameters(), student.parameters()):
            t.mul_(momentum).add_(s, alpha=1 - momentum)
    if step % 70 == 69:
        print(f"step {step + 1} supervised {supervised:.4f} consistency {consistency:.5f}")

teacher.eval()
with torch.no_grad():
    out = teacher(X[test])
finish([student, teacher], out, accuracy=(out.argmax(1) == y[test]).float().mean())
