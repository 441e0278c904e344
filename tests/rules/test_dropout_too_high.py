"""dropout-too-high: both sides of the limit, and the severity by what the run learns."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from records import COIN, chain, flat, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.dropout_too_high import HELPED, LITTLE, NEARLY_ALL
from headstart.record import Mode, Record

RULE = "dropout-too-high"


def record(*shares: float, skill: float | None = None, steps: int = 60) -> Record:
    seen = run(chain(linear("fc"), head()), skill=skill)
    seen.modes = tuple(Mode(f"drop{n}", "Dropout", n, p, steps=steps) for n, p in enumerate(shares))
    return seen


@pytest.mark.parametrize(("p", "fires"), [(NEARLY_ALL, True), (0.89, False), (0.5, False)])
def test_it_speaks_from_nine_tenths_on(p: float, fires: bool) -> None:
    assert bool(said(record(0.1, p), RULE)) is fires


@pytest.mark.parametrize(
    ("p", "skill", "evaluated", "fires"),
    [
        (0.8, 0.3, 0.9, True),
        (0.8, 0.0, 0.9, True),
        (0.8, 0.3, 1.1, False),  # evaluation costs more: what dropout keeps from being learnt by heart
        (0.8, 0.3, None, False),
        (0.8, LITTLE, 0.9, False),
        (HELPED, 0.3, 0.9, False),
    ],
)
def test_what_is_more_than_ever_helped_counts_by_its_price(
    p: float, skill: float, evaluated: float | None, fires: bool
) -> None:
    seen = record(p, skill=skill)
    if evaluated is not None:
        rows = [(step, COIN.name, "eval", evaluated * (1 - skill) * math.log(2), None) for step in range(0, 60, 10)]
        seen._loss_rows = [*seen._loss_rows, *rows]
    assert [finding.severity for finding in said(seen, RULE)] == ["advice"] * fires


@pytest.mark.parametrize(
    ("p", "skill", "severity"),
    [
        (0.95, 0.5, "advice"),
        (0.95, None, "advice"),
        (0.95, 0.0, "warning"),
        (1.0, 0.5, "advice"),
        (1.0, None, "error"),
        (1.0, 0.0, "error"),
    ],
)
def test_its_severity(p: float, skill: float | None, severity: str) -> None:
    assert told(record(p, skill=skill), RULE).severity == severity


@pytest.mark.parametrize(("p", "skill", "suspected"), [(0.8, 0.0, True), (0.74, 0.0, False), (0.8, 0.9, False)])
def test_less_is_suspected_where_nothing_is_learnt_and_nothing_else_is_known(
    p: float, skill: float, suspected: bool
) -> None:
    """As where 0.8 was meant to be the share that is kept."""
    found = [one.severity for one in flat(diagnose(record(p, skill=skill))) if one.rule == RULE]
    assert found == ["advice"] * suspected


def test_the_highest_is_told() -> None:
    assert "drop1" in told(record(0.92, 0.97), RULE).message


def test_one_that_never_drops_is_sound() -> None:
    assert said(record(0.95, steps=0), RULE) == []
    assert RULE in unjudged(record())


@pytest.mark.parametrize("module", [nn.Dropout(0.95), nn.Dropout(1.0)])
def test_its_remedy_drops_less(tmp_path: Path, module: nn.Dropout) -> None:
    model = nn.Sequential(nn.Linear(6, 8), module, nn.Linear(8, 2))
    finding = told(trained(tmp_path, model, torch.randn(32, 6), torch.arange(32) % 2, lr=0.1), RULE)
    assert finding.remedy is not None
    exec(finding.remedy.code, {"model": model})
    assert module.p <= 0.1


def test_the_noise_of_dropout_has_the_variance_that_the_page_says() -> None:
    torch.manual_seed(0)
    p = 0.9
    y = nn.functional.dropout(torch.randn(1_000_000), p)
    assert y.var().item() == pytest.approx(1 / (1 - p), rel=0.03)


class Functional(nn.Module):
    """Drops 0.95 by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = nn.functional.dropout(self.first(x).relu(), 0.95, training=self.training)
        return self.last(x)  # type: ignore[no-any-return]


def test_a_function_is_told_by_its_line(tmp_path: Path) -> None:
    finding = told(trained(tmp_path, Functional(), torch.randn(32, 6), torch.arange(32) % 2, lr=0.1), RULE)
    assert "test_dropout_too_high.py" in finding.message
    assert finding.line is not None
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("F.dropout(x, p=0.05, training=self.training)")
