"""Knowledge distillation: a small student imitates the softened answers of a larger teacher."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
T = 4.0
X, Y = load_digits(return_X_y=True)
X = torch.tensor((X - X.mean()) / X.std(), dtype=torch.float32)
Y = torch.tensor(Y)
shuffled = torch.randperm(len(X))
train, test = shuffled[:1400], shuffled[1400:]


def mlp(*sizes):
    layers = []
    for fan_in, fan_out in zip(sizes, sizes[1:]):
        layers += [nn.Linear(fan_in, fan_out), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def epochs(n):
    for epoch in range(n):
        for idx in train[torch.randperm(len(train))].split(50):
            yield epoch, X[idx], Y[idx]


teacher = mlp(64, 128, 128, 10)
optimizer = torch.optim.AdamW(teacher.parameters(), lr=1e-3, weight_decay=0.01)
for epoch, x, y in epochs(8):
    loss = F.cross_entropy(teacher(x), y, label_smoothing=0.1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
teacher.eval().requires_grad_(False)
print(f"teacher accuracy {(teacher(X[test]).argmax(1) == Y[test]).float().mean().item():.3f}")

student = mlp(64, 24, 10)
optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
last = -1
for epoch, x, _ in epochs(15):
    target_probs = F.softmax(teacher(x) / T, dim=1)
    student_log_probs = F.log_softmax(student(x) / T, dim=1)
    loss = F.kl_div(student_log_probs, target_probs, reduction="batchmean") * T**2
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch != last and epoch % 3 == 0:
        print(f"epoch {epoch}: distillation loss {loss.item():.4f}")
        last = epoch

student.eval()
with torch.no_grad():
    p = F.softmax(teacher(X[test]) / T, dim=1)
    q = F.softmax(student(X[test]) / T, dim=1)
    gap = (p * (p / q.clamp_min(1e-12)).log()).sum(1).mean().item()
    accuracy = (q.argmax(1) == Y[test]).float().mean().item()
print(f"student accuracy {accuracy:.3f}")
print(f"final divergence_loss {gap:.5f}")
