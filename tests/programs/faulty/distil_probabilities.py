# fault: kl_div is given softmax outputs, and not their logarithms
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)

CLASSES, FEATURES = 8, 10
mixing = torch.randn(FEATURES, CLASSES)


def teacher(x):
    """Soft answers: mostly two or three classes come into question."""
    return F.softmax(1.2 * torch.tanh(x) @ mixing, dim=1)


class Student(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(FEATURES, 64), nn.GELU(), nn.Linear(64, CLASSES))

    def forward(self, x):
        return self.body(x)


student = Student()
kl = nn.KLDivLoss(reduction="batchmean")
optimizer = torch.optim.Adam(student.parameters(), lr=3e-3)
for step in range(300):
    x = torch.randn(64, FEATURES)
    optimizer.zero_grad()
    loss = kl(F.softmax(student(x), dim=1), teacher(x))
    loss.backward()
    optimizer.step()
    if step % 100 == 0:
        print(step, f"{loss.item():.4f}")
x = torch.randn(500, FEATURES)
with torch.no_grad():
    out = student(x)
    held = (teacher(x) * (teacher(x).log() - out.log_softmax(1))).sum(1).mean()
finish(student, out, loss=held)
