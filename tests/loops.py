"""A small classifier in a loop that can be got wrong: the other side of the tests of loop rules."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import headstart as hs
from headstart.record import Record

X = torch.randn(64, 6, generator=torch.Generator().manual_seed(1))
Y = (X[:, 0] * X[:, 1] > 0).long()


def net() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2))


def watched(folder: Path, model: nn.Module, loop: Callable[[nn.Module], None]) -> Record:
    """What is recorded while `loop` trains (or does not train) `model`."""
    with hs.watch(model, record=folder / "run.db") as watch:
        loop(model)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def loss_of(model: nn.Module, x: Tensor = X, y: Tensor = Y) -> Tensor:
    return nn.functional.cross_entropy(model(x), y)


def train(
    model: nn.Module, optimizer: torch.optim.Optimizer, steps: int = 25, loss: Callable[[nn.Module], Tensor] = loss_of
) -> None:
    for _ in range(steps):
        optimizer.zero_grad()
        loss(model).backward()
        optimizer.step()
