# Saves a checkpoint each epoch (weights, optimizer, scheduler, random state), "crashes", starts again from the file and goes on. Learns: accuracy 0.92
import tempfile
from pathlib import Path

import torch
import torch.nn as nn
from sklearn.datasets import load_digits

from digest import finish

torch.set_num_threads(1)
X, y = load_digits(return_X_y=True)
X, y = torch.tensor(X / 16 - 0.3, dtype=torch.float32).view(-1, 1, 8, 8), torch.tensor(y)


class Preempted(Exception):
    pass


def build():
    model = nn.Sequential(nn.Conv2d(1, 16, 3), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 36, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, nesterov=True)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 8)
    return model, optimizer, scheduler


def save(path, epoch, model, optimizer, scheduler):
    torch.save(
        {
            "epoch": epoch + 1,
            "model": model.state_dict(),
            "optimizer": optimizer.state_dict(),
            "scheduler": scheduler.state_dict(),
            "rng": torch.get_rng_state(),
        },
        path.with_suffix(".tmp"),
    )
    path.with_suffix(".tmp").rename(path)


def main(path, crash_at=None):
    torch.manual_seed(0)
    model, optimizer, scheduler = build()
    start = 0
    if path.exists():
        state = torch.load(path, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        scheduler.load_state_dict(state["scheduler"])
        torch.set_rng_state(state["rng"])
        start = state["epoch"]
        print("=> resumed at epoch", start)
    for epoch in range(start, 8):
        for k, i in enumerate(torch.randperm(1400).split(70)):
            if epoch == crash_at and k == 7:
                raise Preempted
            loss = nn.functional.cross_entropy(model(X[i]), y[i])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        scheduler.step()
        save(path, epoch, model, optimizer, scheduler)
        print(epoch, f"{loss.item():.4f}")
    return model, optimizer


with tempfile.TemporaryDirectory() as folder:
    path = Path(folder) / "last.pt"
    try:
        main(path, crash_at=3)
    except Preempted:
        print("preempted")
    model, optimizer = main(path)
with torch.no_grad():
    out = model(X[1400:])
finish(
    [model, *(s["momentum_buffer"] for s in optimizer.state.values())],
    out,
    accuracy=(out.argmax(1) == y[1400:]).float().mean(),
)
