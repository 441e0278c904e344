"""scheduler-too-fast: schedules by their closed forms, on both sides of the limits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from loops import net, train, watched
from records import SGD, run, said, told
from torch import nn

from headstart.diagnosis.rules.scheduler_too_fast import BY, SPENT
from headstart.record import Record, Series

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
