"""scheduler-too-fast: schedules by their closed forms, on both sides of the limits."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loops import net, train, watched
from records import COIN, SGD, run, said, told
from torch import nn
from torch.nn import functional as F

import headstart as hs
from headstart.diagnosis.rules.scheduler_too_fast import BETTER, BY, CUTS, ITSELF, SPENT, WHOLE
from headstart.record import Loader, Record, Series

RULE = "scheduler-too-fast"
Schedule = Callable[[float], float]


def scheduled(rate: Schedule, steps: int = 400, **facts: object) -> Record:
    record = run(steps=steps, **facts)  # type: ignore[arg-type]
    record.__dict__["lr"] = Series(tuple(range(steps)), tuple(rate(step / steps) for step in range(steps)))
    return record


@given(st.floats(2, 400))
def test_an_exponential_decay_is_told_when_its_closed_form_says_so(rate: float) -> None:
    """Of exp(-c u) all but 1 - SPENT of the sum over the run is spent by u with 1 - exp(-c u) = SPENT (1 - exp(-c))."""
    spent_by = -math.log(1 - SPENT * (1 - math.exp(-rate))) / rate
    if abs(spent_by - BY) > 0.01:
        assert bool(said(scheduled(lambda u: math.exp(-rate * u)), RULE)) is (spent_by < BY)


SOUND: dict[str, Schedule] = {
    "constant": lambda u: 0.1,
    "cosine": lambda u: (1 + math.cos(math.pi * u)) / 2,
    "to zero": lambda u: 1 - u,
    "warm-up and cosine": lambda u: u / 0.1 if u < 0.1 else (1 + math.cos(math.pi * (u - 0.1) / 0.9)) / 2,
    "one cycle": lambda u: u / 0.3 if u < 0.3 else (1 + math.cos(math.pi * (u - 0.3) / 0.7)) / 2 + 4e-6,
    "ten times less, thrice": lambda u: 10.0 ** -sum(u >= at for at in (0.3, 0.6, 0.9)),
    "restarts": lambda u: (1 + math.cos(math.pi * (u * 8 % 1))) / 2,
    "inverse root": lambda u: 1 / math.sqrt(1 + 400 * u),
    "zero": lambda u: 0.0,
}


@pytest.mark.parametrize("name", SOUND)
def test_usual_schedules_are_sound(name: str) -> None:
    assert not said(scheduled(SOUND[name]), RULE)


TWO = (replace(SGD, options={"lr": 0.1}), replace(SGD, name="Adam", kind="Adam", options={"lr": 1e-3}))


def of_two(first: Schedule, second: Schedule) -> Record:
    """They take turns, as those of a GAN do."""
    return scheduled(lambda u: (0.1 * first(u), 1e-3 * second(u))[round(u * 400) % 2], optimizers=TWO)


def test_two_optimizers_are_through_once_both_rates_are() -> None:
    by_batch: Schedule = lambda u: 0.1 ** (u * 400 // 8)  # noqa: E731
    assert told(of_two(by_batch, by_batch), RULE).evidence[0].value < BY
    assert not said(of_two(by_batch, lambda u: 1.0), RULE)
    assert not said(of_two(lambda u: 1.0, by_batch), RULE)


def test_a_phase_at_a_low_rate_after_one_at_a_high_rate_is_sound() -> None:
    assert not said(scheduled(lambda u: 0.1 if u < 0.3 else 1e-3, optimizers=TWO), RULE)
    assert said(scheduled(lambda u: 0.1 if u < 0.3 else 0.9e-6, optimizers=TWO), RULE)
    unknown = (TWO[0], replace(TWO[1], options={}))
    assert not said(scheduled(lambda u: 0.1 if u < 0.3 else 0.9e-6, optimizers=unknown), RULE)


@pytest.mark.parametrize(("skill", "severity"), [(0.0, "warning"), (0.9, "advice"), (None, "advice")])
def test_it_is_advice_where_the_run_learns(skill: float | None, severity: str) -> None:
    assert told(scheduled(lambda u: 0.1 ** (u * 400 // 5), skill=skill), RULE).severity == severity


def test_the_sum_of_two_kinds_of_rates_is_no_schedule() -> None:
    assert not said(scheduled(lambda u: 0.1 if u < 0.4 else 1e-5, optimizers=TWO), RULE)


@pytest.mark.parametrize(("by_batch", "fires"), [(True, True), (False, False)])
def test_a_schedule_for_epochs_that_is_stepped_by_batch(tmp_path: Path, by_batch: bool, fires: bool) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        schedule = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.1)
        for _ in range(9):
            for _ in range(8):
                train(model, optimizer, 1)
                if by_batch:
                    schedule.step()
            if not by_batch:
                schedule.step()

    assert bool(said(watched(tmp_path, net(), loop), RULE)) is fires


@pytest.mark.parametrize("evaluates", [True, False])
@pytest.mark.parametrize(
    ("mode", "figure", "fires"),
    [("min", "accuracy", True), ("max", "loss", True), ("min", "loss", False), ("max", "accuracy", False)],
)
def test_a_plateau_that_waits_for_the_other_way(
    mode: Literal["min", "max"], figure: str, evaluates: bool, fires: bool, tmp_path: Path
) -> None:
    """Of training alone, a figure that rises may be a loss on other data that grows, as it does by heart."""
    torch.manual_seed(0)
    x = torch.randn(400, 10)
    y = (x[:, 0] + x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 2))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.3)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode=mode, factor=0.7, patience=1)
    with hs.watch(model, record=tmp_path / "run.db") as watch:
        for _ in range(12):
            losses = []
            for rows in torch.randperm(300).split(50):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x[rows]), y[rows])
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
            told_of: dict[str, Any] = {"loss": sum(losses) / len(losses)}
            with torch.no_grad():
                given = model(x[300:])
                told_of["accuracy"] = (given.argmax(1) == y[300:]).float().mean() + given.sum() * 0
                if evaluates:
                    told_of["loss"] = F.cross_entropy(given, y[300:])
            scheduler.step(told_of[figure])
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    findings = said(record, RULE)
    assert bool(findings) is (fires and (evaluates or mode == "max"))
    if findings:
        assert findings[0].remedy is not None
        assert f'mode="{"min" if mode == "max" else "max"}"' in findings[0].remedy.code
        assert findings[0].severity == "advice"


def plateau(values: Sequence[float], losses: Sequence[float], mode: str = "min") -> Record:
    """A figure is told after each ten steps; all but the first cut the rate."""
    made = run(steps=10 * len(values), skill=0.9)
    steps = [10 * (place + 1) for place in range(len(values))]
    rates = [0.1 * 0.5 ** max(place - 1, 0) for place in range(len(values) + 1)][: len(values)]
    made.meta["plateaus"] = [{"mode": mode, "line": None, "steps": steps, "values": values, "rates": rates}]
    rows = [(step, COIN.name, "eval", loss, None) for step, loss in zip(steps, losses, strict=True)]
    made.__dict__["_loss_rows"] = [*made.__dict__["_loss_rows"], *rows]
    return made


def test_both_sides_of_each_limit_of_a_plateau() -> None:
    rising, falling = [0.5, 0.6, 0.7, 0.8], [1.0, 0.97, 0.98 * BETTER, 0.5]
    assert CUTS == 2
    assert said(plateau(rising, falling), RULE)
    assert said(plateau(falling, falling, "max"), RULE)
    assert said(plateau(rising[:3], falling[:3]), RULE) == []  # one cut, the second is not seen any more
    assert said(plateau(rising, [1.0, 0.97, 1.01 * BETTER, 0.99 * BETTER]), RULE) == []
    assert said(plateau(rising, [1.0, 0.8, 0.85, 0.5]), RULE) == []
    assert said(plateau([0.5, 0.7, 0.6, 0.8], falling), RULE) == []
    assert said(plateau(rising, falling[::-1]), RULE) == []  # learnt by heart: the loss that is held out rises
    assert said(plateau(rising, falling, "max"), RULE) == []


def test_a_figure_that_may_be_the_loss_of_training() -> None:
    def alone(factor: float) -> Record:
        made = plateau([0.3 * factor, 0.2 * factor, 0.1 * factor, 0.05], [1.0] * 4, "max")
        train = [(s, COIN.name, "train", 0.3 if s <= 10 else 0.2 if s <= 20 else 0.1, None) for s in range(40)]
        made.__dict__["_loss_rows"] = train
        return made

    assert said(alone(0.99 * ITSELF), RULE)
    assert said(alone(1.01 * ITSELF), RULE) == []
    assert said(alone(1.01 / ITSELF), RULE)
    assert said(alone(0.99 / ITSELF), RULE) == []


def test_figures_that_count_right_answers_need_no_loss_of_the_evaluation() -> None:
    def alone(right: Sequence[float], whole: float = 1, skill: float = 0.9, samples: int | None = 200) -> Record:
        made = plateau([whole * count / 200 for count in right], [1.0] * len(right))
        train = [
            (s, COIN.name, "train", 0.3 if s <= 10 else 0.2 if s <= 20 else (1 - skill) * 0.69, None)
            for s in range(40)
        ]
        made.__dict__["_loss_rows"] = train
        made.loaders = (Loader("l", samples=samples, begun_evaluating=4),)
        return made

    rising = [90, 120, 150, 160]
    assert said(alone(rising), RULE)
    assert said(alone(rising, whole=100), RULE)
    assert said(alone([count + 0.99 * WHOLE for count in rising]), RULE)
    assert said(alone([count + 1.01 * WHOLE for count in rising]), RULE) == []  # a loss
    assert said(alone([20, 40, 60, 80]), RULE) == []  # errors may rise
    assert said(alone(rising, skill=0.1), RULE) == []
    assert said(alone(rising, samples=None), RULE) == []
