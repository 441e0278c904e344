# Knowledge distillation: KL at temperature 3 (log_softmax against softmax, batchmean) mixed with labels; the teacher is trained first. Learns: MEASURED
import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

x = torch.randn(1500, 10)
y = (torch.sin(2 * x[:, 0]) + x[:, 1] * x[:, 2] > 0).long() + (x[:, 3] > 0.3).long() * 2
train, test = slice(0, 1200), slice(1200, 1500)


def mlp(width):
    return nn.Sequential(nn.Linear(10, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 4))


def batches():
    return torch.randperm(1200).split(60)


teacher, student = mlp(128), mlp(32)
opt = torch.optim.Adam(teacher.parameters(), lr=3e-3)
for epoch in range(8):
    for i in batches():
        loss = F.cross_entropy(teacher(x[i]), y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("teacher", loss.item())

teacher.eval().requires_grad_(False)
T, alpha = 3.0, 0.7
opt = torch.optim.Adam(student.parameters(), lr=5e-3)
for epoch in range(8):
    for i in batches():
        with torch.no_grad():
            soft = F.softmax(teacher(x[i]) / T, dim=1)
        logits = student(x[i])
        kd = F.kl_div(F.log_softmax(logits / T, dim=1), soft, reduction="batchmean") * T * T
        loss = alpha * kd + (1 - alpha) * F.cross_entropy(logits, y[i])
        opt.zero_grad()
        loss.backward()
        opt.step()
print("student", loss.item())
with torch.no_grad():
    out = student(x[test])
finish([teacher, student], out, accuracy=(out.argmax(1) == y[test]).float().mean())
