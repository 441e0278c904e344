# Semi-supervised mean teacher: an EMA copy in no_grad, consistency loss that is warmed up, 40 labels of 1,000. Learns: MEASURED
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)

centres = 2.2 * F.normalize(torch.randn(4, 12), dim=1)
y = torch.randint(0, 4, (1000,))
x = centres[y] + 0.6 * torch.randn(1000, 12)
labelled = torch.arange(40)

student = nn.Sequential(nn.Linear(12, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 4))
teacher = copy.deepcopy(student)
for p in teacher.parameters():
    p.requires_grad_(False)
optimizer = torch.optim.Adam(student.parameters(), lr=1e-3)

for step in range(250):
    unlabelled = torch.randint(0, 1000, (100,))
    noisy = lambda batch: batch + 0.3 * torch.randn_like(batch)
    loss_class = F.cross_entropy(student(noisy(x[labelled])), y[labelled])
    with torch.no_grad():
        goal = teacher(noisy(x[unlabelled])).softmax(1)
    loss_cons = F.mse_loss(student(noisy(x[unlabelled])).softmax(1), goal)
    loss = loss_class + min(1, step / 100) * 5 * loss_cons
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    with torch.no_grad():
        for t, s in zip(teacher.parameters(), student.parameters()):
            t.lerp_(s, 0.03)
    if step % 50 == 0:
        print(f"{step} class {loss_class.item():.4f} consistency {loss_cons.item():.5f}")

with torch.no_grad():
    out = teacher(x)
finish([student, teacher], out, accuracy=(out.argmax(1) == y).float().mean())
