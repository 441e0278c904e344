"""Knowledge distillation on the digits: a teacher is trained first, a small student learns from its soft answers."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler
from torch.utils.data import DataLoader, TensorDataset

from digest import finish

torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
torch.set_num_threads(1)


class DistillationLoss(nn.Module):
    def __init__(self, temperature):
        super().__init__()
        self.T = temperature
        self.kl = nn.KLDivLoss(reduction="batchmean")

    def forward(self, student_logits, teacher_logits):
        student = F.log_softmax(student_logits / self.T, dim=1)
        teacher = F.softmax(teacher_logits / self.T, dim=1)
        return self.kl(student, teacher) * self.T**2


def mlp(*sizes):
    layers = []
    for a, b in zip(sizes[:-1], sizes[1:], strict=True):
        layers += [nn.Linear(a, b), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def load():
    x, y = load_digits(return_X_y=True)
    order = torch.randperm(len(y), generator=torch.Generator().manual_seed(0)).numpy()
    x, y = x[order], y[order]
    x = StandardScaler().fit(x[:1400]).transform(x)
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    train = DataLoader(TensorDataset(x[:1400], y[:1400]), batch_size=64, shuffle=True)
    return train, x[1400:], y[1400:]


def train_teacher(teacher, loader, epochs=4):
    optimizer = torch.optim.Adam(teacher.parameters(), lr=2e-3)
    for _ in range(epochs):
        for x, y in loader:
            loss = F.cross_entropy(teacher(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return teacher


def distil(student, teacher, loader, epochs=15):
    criterion = DistillationLoss(temperature=4.0)
    optimizer = torch.optim.Adam(student.parameters(), lr=2e-3)
    teacher.eval()
    for epoch in range(epochs):
        student.train()
        total = 0.0
        for x, _ in loader:
            with torch.no_grad():
                wanted = teacher(x)
            optimizer.zero_grad()
            loss = criterion(student(x), wanted)
            loss.backward()
            optimizer.step()
            total += loss.item()
        if epoch % 5 == 4:
            print(f"distilling, epoch {epoch + 1}: {total / len(loader):.4f}")


train, x_test, y_test = load()
teacher = train_teacher(mlp(64, 128, 128, 10), train)
student = mlp(64, 16, 10)
distil(student, teacher, train)
student.eval()
with torch.no_grad():
    scores = student(x_test)
    known = teacher(x_test)
    print("teacher", (known.argmax(1) == y_test).float().mean().item())
    print("student", (scores.argmax(1) == y_test).float().mean().item())
    distance = F.kl_div(scores.log_softmax(1), known.log_softmax(1), reduction="batchmean", log_target=True)
finish(student, scores, loss=distance)
