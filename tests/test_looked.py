"""Evaluations whose loss is computed behind the block without gradients."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

import headstart as hs
from headstart.record import Record

X, Y = torch.randn(16, 4), torch.arange(16) % 2


def watched(folder: Path, look: Callable[[nn.Module], object]) -> Record:
    net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(6):
            optimizer.zero_grad()
            cross_entropy(net(X), Y).backward()
            optimizer.step()
            look(net)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def evaluations(record: Record) -> int:
    return sum(len(record.loss_of(loss.name, "eval")) for loss in record.losses)


def without(net: nn.Module, x: Tensor = X) -> Tensor:
    with torch.no_grad():
        out: Tensor = net(x)
    return out


@pytest.mark.parametrize(
    ("look", "counts"),
    [
        (lambda net: cross_entropy(without(net), Y), True),
        (lambda net: cross_entropy(without(net).view(4, 4, 2).flatten(0, 1).view(16, 2), Y), True),
        (lambda net: nn.CrossEntropyLoss()(without(net), Y), True),
        (lambda net: cross_entropy(net(X).detach(), Y), False),  # a figure of training, to be shown
        (lambda net: (without(net), cross_entropy(net(X).detach(), Y)), False),
        (lambda net: (without(net), cross_entropy(torch.zeros(16, 2), Y)), False),
        (lambda net: cross_entropy(without(net).requires_grad_(), Y), False),
    ],
)
def test_it_is_one_if_it_judges_what_the_net_gave_without_gradients(
    look: Callable[[nn.Module], object], counts: bool, tmp_path: Path
) -> None:
    assert evaluations(watched(tmp_path, look)) == (6 if counts else 0)


def test_steps_and_weights_are_as_they_were(tmp_path: Path) -> None:
    record = watched(tmp_path, lambda net: cross_entropy(without(net), Y))
    assert len(record) == 6
    assert [len(record.loss_of(loss.name)) for loss in record.losses] == [6, 0]
