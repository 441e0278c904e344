# A random search over rate, width and decay: six short trainings in one process, some rates are poor on purpose; the best is trained on. Learns: accuracy 0.9
import random

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.manual_seed(0)
torch.set_num_threads(1)
rnd = random.Random(4)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor((X - 4.9) / 6, dtype=torch.float32), torch.tensor(y)
SPACE = {
    "lr": lambda: 10 ** rnd.uniform(-5, -0.5),
    "width": lambda: rnd.choice([16, 32, 64]),
    "weight_decay": lambda: 10 ** rnd.uniform(-6, -2),
    "optimizer": lambda: rnd.choice(["SGD", "Adam"]),
}


def build(config):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, config["width"]), nn.ReLU(), nn.Linear(config["width"], 10))
    optimizer = getattr(torch.optim, config["optimizer"])(
        model.parameters(), lr=config["lr"], weight_decay=config["weight_decay"]
    )
    return model, optimizer


def train(model, optimizer, epochs):
    for _ in range(epochs):
        for i in torch.randperm(1200).split(60):
            loss = nn.functional.cross_entropy(model(X[i]), y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    with torch.no_grad():
        out = model(X[1200:])
    return (out.argmax(1) == y[1200:]).float().mean().item(), out


trials = []
for _ in range(6):
    config = {k: draw() for k, draw in SPACE.items()}
    score, _ = train(*build(config), epochs=2)
    trials.append((score, config))
    print(
        f"{score:.3f} {config['optimizer']} lr {config['lr']:.1e} width {config['width']} decay {config['weight_decay']:.1e}"
    )
score, config = max(trials, key=lambda t: t[0])
model, optimizer = build(config)
score, out = train(model, optimizer, epochs=8)
finish(model, out, accuracy=score)
