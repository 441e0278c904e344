"""Answers short questions on small scenes: an image trunk modulated by a question embedding."""

import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

N_QUESTIONS, N_ANSWERS = 4, 4


class ResidualBlock(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.conv1 = nn.Conv2d(dim, dim, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(dim)

    def forward(self, x):
        return F.relu(self.bn1(self.conv1(x)))


class VqaNet(nn.Module):
    def __init__(self, dim=16, depth=6):
        super().__init__()
        self.stem = nn.Conv2d(3, dim, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(ResidualBlock(dim) for _ in range(depth))
        self.question = nn.Embedding(N_QUESTIONS, dim)
        self.classifier = nn.Sequential(
            nn.Linear(dim * 16, 48, bias=False),
            nn.BatchNorm1d(48),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(48, N_ANSWERS),
        )

    def forward(self, questions, feats):
        x = F.relu(self.stem(feats))
        for block in self.blocks:
            x = block(x)
        x = F.max_pool2d(x, 2) * (1 + self.question(questions)[:, :, None, None])
        return self.classifier(x.flatten(1))


def set_mode(mode, models):
    for m in models:
        if m is None:
            continue
        if mode == "train":
            m.train()
        if mode == "eval":
            m.eval()


def scenes(n, size=16):
    feats = 0.1 * torch.randn(n, 3, size, size)
    questions = torch.randint(N_QUESTIONS, (n,))
    answers = torch.zeros(n, dtype=torch.long)
    half = size // 2
    for i in range(n):
        colour = torch.randint(3, (4,)).tolist()
        for q, c in enumerate(colour):
            y, x = (q // 2) * half, (q % 2) * half
            feats[i, c, y + 2 : y + 6, x + 2 : x + 6] += 0.5
        answers[i] = colour[questions[i]]
    return questions, feats, answers


def check_accuracy(model, data):
    set_mode("eval", [model])
    questions, feats, answers = data
    with torch.no_grad():
        acc = (model(questions, feats).argmax(1) == answers).float().mean().item()
    set_mode("train", [model])
    return acc


def train_loop():
    torch.manual_seed(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    train, val = scenes(1600), scenes(400)
    model = VqaNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    set_mode("train", [model])
    t, num_iterations, check_every = 0, 250, 50
    while t < num_iterations:
        idx = torch.randint(len(train[0]), (32,))
        questions, feats, answers = (part[idx] for part in train)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(questions, feats), answers)
        loss.backward()
        optimizer.step()
        if t % check_every == 0:
            print(f"t {t} loss {loss.item():.4f} val acc {check_accuracy(model, val):.4f}")
        t += 1
    return check_accuracy(model, val)


print("final accuracy", round(train_loop(), 4))
