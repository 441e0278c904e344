"""A few watched steps on one batch: the other side of a rule's test, where a closed form says what must be seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

import headstart as hs
from headstart.record import Record


def trained(
    path: Path,
    net: nn.Module,
    x: Tensor,
    y: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = nn.functional.cross_entropy,
    *,
    steps: int = 12,
    lr: float = 0.0,
    clears: Callable[[int], bool] = lambda step: True,
) -> Record:
    """`lr` 0 keeps the net as it is."""
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)
    with hs.watch(net, record=path / "run.db") as watch:
        for step in range(steps):
            if clears(step):
                optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record
