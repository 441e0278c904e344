"""Knowledge distillation on MNIST: a wide teacher, a thin student, soft and hard targets."""

import argparse
import gzip
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from digest import finish

ROOT = Path(__file__).resolve().parents[3] / "src/headstart/train/data"


class MNIST(Dataset):
    def __init__(self, split, count):
        with gzip.open(ROOT / f"{split}-images-idx3-ubyte.gz") as f:
            x = np.frombuffer(f.read(16 + 784 * count)[16:], np.uint8).reshape(count, 28, 28)
        with gzip.open(ROOT / f"{split}-labels-idx1-ubyte.gz") as f:
            y = np.frombuffer(f.read(8 + count)[8:], np.uint8)
        self.x = (torch.from_numpy(x[:, ::2, ::2].copy()).float().flatten(1) / 255 - 0.13) / 0.31
        self.y = torch.from_numpy(y.copy()).long()

    def __len__(self):
        return len(self.y)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def network(width):
    return nn.Sequential(nn.Linear(196, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


class DistillationLoss(nn.Module):
    """alpha * hard + (1 - alpha) * T^2 * soft."""

    def __init__(self, temperature=3.0, alpha=0.9):
        super().__init__()
        self.temperature, self.alpha = temperature, alpha
        self.criterion = nn.NLLLoss()

    def soft(self, student, teacher):
        t = self.temperature
        return F.kl_div(F.log_softmax(student / t, 1), F.softmax(teacher / t, 1), reduction="batchmean") * t * t

    def hard(self, student, labels):
        return self.criterion(student, labels)

    def forward(self, student, teacher, labels):
        return self.alpha * self.hard(student, labels) + (1 - self.alpha) * self.soft(student, teacher)


class TeacherRun:
    def __init__(self, model, lr=2e-3):
        self.model = model
        self.optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def loss(self, x, y):
        return F.cross_entropy(self.model(x), y)

    def fit(self, loader, epochs):
        for epoch in range(epochs):
            self.model.train()
            for x, y in loader:
                loss = self.loss(x, y)
                self.optimizer.zero_grad()
                loss.backward()
                self.optimizer.step()
            print(f"{type(self).__name__} epoch {epoch} loss {loss.item():.4f}")


class StudentRun(TeacherRun):
    def __init__(self, student, teacher, criterion, lr=2e-3):
        super().__init__(student, lr)
        self.teacher = teacher.eval().requires_grad_(False)
        self.criterion = criterion

    def loss(self, x, y):
        with torch.no_grad():
            known = self.teacher(x)
        return self.criterion(self.model(x), known, y)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    logits, labels = map(torch.cat, zip(*((model(x), y) for x, y in loader), strict=True))
    return F.cross_entropy(logits, labels).item(), (logits.argmax(1) == labels).float().mean().item(), logits


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("seed", type=int, nargs="?", default=0)
    parser.add_argument("--temperature", type=float, default=3.0)
    parser.add_argument("--alpha", type=float, default=0.9)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    train_loader = DataLoader(MNIST("train", 4000), 100, shuffle=True)
    test_loader = DataLoader(MNIST("t10k", 1000), 500)
    teacher = network(200)
    TeacherRun(teacher).fit(train_loader, 3)
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        torch.save(teacher.state_dict(), file.name)
        teacher = network(200)
        teacher.load_state_dict(torch.load(file.name))
    print("teacher accuracy %.3f" % evaluate(teacher, test_loader)[1])
    student = network(24)
    StudentRun(student, teacher, DistillationLoss(args.temperature, args.alpha)).fit(train_loader, 3)
    loss, accuracy, logits = evaluate(student, test_loader)
    print(f"student accuracy {accuracy:.3f}")
    finish(student, logits, loss=loss)


if __name__ == "__main__":
    main()
