"""How far a schedule came, of the steps that it is made for."""

from __future__ import annotations

import gc
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.optim import SGD
from torch.optim import lr_scheduler as schedulers

import headstart as hs
from headstart.diagnosis import diagnose

Make = Callable[[SGD], Any]
STEPS, EPOCH = 40, 10


def watched(path: Path, make: Make, every: int) -> list[dict[str, Any]]:
    """What is known of the schedules of a run that steps its scheduler once in `every` steps; 0: never."""
    model = nn.Linear(3, 1)
    with hs.watch(model, record=path / "run.db") as watch:
        optimizer = SGD(model.parameters(), lr=0.1)
        scheduler = make(optimizer)
        for step in range(STEPS):
            optimizer.zero_grad()
            model(torch.ones(4, 3)).square().mean().backward()
            optimizer.step()
            if every and (step + 1) % every == 0:
                scheduler.step()
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return list(record.meta.get("schedules", ()))


@pytest.mark.parametrize(("every", "done"), [(1, STEPS - 1), (EPOCH, STEPS // EPOCH - 1), (0, 0)])
@pytest.mark.parametrize(
    ("kind", "make"),
    [
        ("OneCycleLR", lambda optimizer: schedulers.OneCycleLR(optimizer, 0.5, total_steps=STEPS + 1)),
        ("OneCycleLR", lambda optimizer: schedulers.OneCycleLR(optimizer, 0.5, epochs=1, steps_per_epoch=STEPS + 1)),
        ("CosineAnnealingLR", lambda optimizer: schedulers.CosineAnnealingLR(optimizer, STEPS + 1)),
        ("PolynomialLR", lambda optimizer: schedulers.PolynomialLR(optimizer, STEPS + 1)),
    ],
)
def test_its_steps_are_counted(kind: str, make: Make, every: int, done: int, tmp_path: Path) -> None:
    (facts,) = watched(tmp_path, make, every)
    assert "test_schedules.py:" in facts["line"]
    # the last look comes before the scheduler's step, as the optimizer's step ends
    assert {key: facts[key] for key in ("optimizer", "kind", "planned", "done", "steps")} == {
        "optimizer": "SGD",
        "kind": kind,
        "planned": STEPS + 1,
        "done": done,
        "steps": STEPS,
    }


def test_a_subclass_is_one_of_its_kind_and_what_has_no_end_is_not_told(tmp_path: Path) -> None:
    class Warmer(schedulers.CosineAnnealingLR):
        pass

    (facts,) = watched(tmp_path, lambda optimizer: Warmer(optimizer, 7), 1)
    assert (facts["kind"], facts["planned"]) == ("CosineAnnealingLR", 7)
    (tmp_path / "run.db").unlink()
    assert watched(tmp_path, lambda optimizer: schedulers.StepLR(optimizer, 7), 1) == []
    (tmp_path / "run.db").unlink()
    assert watched(tmp_path, lambda optimizer: schedulers.ReduceLROnPlateau(optimizer), 0) == []


def test_parts_of_a_sequence_are_told_each(tmp_path: Path) -> None:
    def sequence(optimizer: SGD) -> Any:
        parts = [schedulers.LinearLR(optimizer, total_iters=5), schedulers.CosineAnnealingLR(optimizer, STEPS - 5)]
        return schedulers.SequentialLR(optimizer, parts, [5])

    (facts,) = watched(tmp_path, sequence, 1)
    assert (facts["kind"], facts["planned"], facts["done"]) == ("CosineAnnealingLR", STEPS - 5, STEPS - 1 - 5)


def test_nothing_is_kept_alive_and_nothing_changes() -> None:
    rates = []
    for look in (False, True):
        model = nn.Linear(3, 1)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            if look:
                with hs.watch(model):
                    rates.append(rate_of(model))
            else:
                rates.append(rate_of(model))
        assert len(told) == 1  # torch's own, of a scheduler that is stepped first; of the same line
        assert told[0].filename == __file__
    assert rates[0] == rates[1]


def rate_of(model: nn.Module) -> float:
    optimizer = SGD(model.parameters(), lr=0.1)
    scheduler = schedulers.OneCycleLR(optimizer, 0.5, total_steps=9)
    scheduler.step()
    rate, seen = float(optimizer.param_groups[0]["lr"]), weakref.ref(scheduler)
    del optimizer, scheduler
    gc.collect()
    assert seen() is None
    return rate


def test_a_run_that_steps_it_for_each_batch_hears_nothing(tmp_path: Path) -> None:
    model = nn.Linear(3, 2)
    x, y = torch.randn(64, 3), torch.arange(64) % 2
    for every, told in ((1, []), (EPOCH, ["scheduler-too-slow"])):
        with hs.watch(model, record=tmp_path / f"{every}.db") as watch:
            optimizer = SGD(model.parameters(), lr=0.1)
            scheduler = schedulers.OneCycleLR(optimizer, 0.5, total_steps=STEPS + 1)
            for step in range(STEPS):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
                if (step + 1) % every == 0:
                    scheduler.step()
        found = [finding.rule for finding in diagnose(watch.read()).findings]
        assert [rule for rule in found if rule == "scheduler-too-slow"] == told
