"""What a ReduceLROnPlateau is told, and at which rate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD
from torch.optim.lr_scheduler import ReduceLROnPlateau

import headstart as hs
from headstart.monitor.plateaus import MOST, TOLD, Plateaus


def told(path: Path, figures: list[Any], **options: Any) -> tuple[dict[str, Any], ...]:
    """What is known after two steps before each figure; the rate is halved at each but the first if they rise."""
    model = nn.Linear(3, 1)
    with hs.watch(model, record=path / "run.db") as watch:
        optimizer = SGD(model.parameters(), lr=0.1)
        scheduler = ReduceLROnPlateau(optimizer, factor=0.5, patience=0, **options)
        for figure in figures:
            for _ in range(2):
                optimizer.zero_grad()
                model(torch.ones(4, 3)).square().mean().backward()
                optimizer.step()
            scheduler.step(figure)
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return tuple(record.meta.get("plateaus", ()))


@pytest.mark.parametrize("kind", [float, torch.tensor])
def test_figures_by_step_with_the_rate_that_was_found(kind: Any, tmp_path: Path) -> None:
    (facts,) = told(tmp_path, [kind(value) for value in (0.25, 0.5, 0.75)])
    assert "test_plateaus.py" in facts.pop("line")
    assert facts == {"mode": "min", "steps": [2, 4, 6], "values": [0.25, 0.5, 0.75], "rates": [0.1, 0.1, 0.05]}


def test_the_mode_is_told_and_a_scheduler_that_is_told_nothing_is_not(tmp_path: Path) -> None:
    assert told(tmp_path, [0.5], mode="max")[0]["mode"] == "max"
    (tmp_path / "run.db").unlink()
    model = nn.Linear(3, 1)
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        optimizer = SGD(model.parameters(), lr=0.1)
        scheduler = ReduceLROnPlateau(optimizer)
        scheduler.step(1.0)  # before the first step
        model(torch.ones(4, 3)).mean().backward()
        optimizer.step()
    assert "plateaus" not in watch.read().meta


def test_what_is_kept_has_an_end_and_a_rate_on_a_device_is_not_read() -> None:
    def scheduler(lr: float | Tensor) -> ReduceLROnPlateau:
        return ReduceLROnPlateau(SGD([nn.Parameter(torch.ones(1))], lr=lr))

    plateaus, many = Plateaus(), [scheduler(0.1) for _ in range(MOST + 1)]
    for one in many:
        for value in range(TOLD + 1):
            plateaus.told(one, float(value), value, "train.py:9")
    assert [len(facts["values"]) for facts in plateaus.facts()] == [TOLD] * MOST
    alone = Plateaus()
    alone.told(scheduler(torch.tensor(0.1)), 1.0, 1, "train.py:9")
    assert alone.facts() == []
