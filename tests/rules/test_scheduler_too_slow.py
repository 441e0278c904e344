"""scheduler-too-slow: a warm-up that outlasts the run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from records import SGD, run, said, told

from headstart.diagnosis.rules.scheduler_too_slow import EVEN, RISES, SAME, SHARE
from headstart.record import Record, Series

RULE = "scheduler-too-slow"


def scheduled(rate: Callable[[int], float], steps: int = 60, **facts: object) -> Record:
    record = run(steps=steps, **{"skill": 0.0, **facts})  # type: ignore[arg-type]
    record.__dict__["lr"] = Series(tuple(range(steps)), tuple(rate(step) for step in range(steps)))
    return record


def line(step: int) -> float:
    return (step + 1) * 1e-5


def bent(by: float) -> Callable[[int], float]:
    """A rise whose second half is steeper by `by`: 31 steps of 30 / 30, and 29 of (1 + by)."""
    return lambda step: 1e-5 * (1 + min(step, 30) + (1 + by) * max(0, step - 30))


@pytest.mark.parametrize(
    ("rate", "fires"),
    [
        (line, True),
        (lambda step: line(10 * (step // 10)), True),  # stepped once an epoch
        (lambda step: line(15 * (step // 15)), False),  # four stairs, and five are asked for
        (lambda step: line(10 * (min(step, 49) // 10)), False),  # the last stair is twice as long
        (lambda step: line(step if step != 30 else 28), False),  # it falls once
        (lambda step: line(min(step, 50)), False),
        (lambda step: 1e-3 + line(step), False),
        (lambda step: 59 / (RISES - 1) * 1.01 + step, False),  # up to just under RISES times the first
        (lambda step: 59 / (RISES - 1) * 0.99 + step, True),
        (lambda step: 1e-7 * 1.3**step, False),
        (lambda step: 0.1, False),
        (lambda step: 0.1 / (step + 1), False),
        (bent(EVEN / (1 - EVEN) * 0.99), True),
        (bent(EVEN / (1 - EVEN) * 1.01), False),
    ],
)
def test_only_a_line_that_rises_to_the_end_is_told(rate: Callable[[int], float], fires: bool) -> None:
    assert bool(said(scheduled(rate), RULE)) is fires


@pytest.mark.parametrize(
    "record",
    [
        scheduled(line, skill=0.9),
        scheduled(line, skill=None),
        scheduled(line, steps=19),
        scheduled(line, optimizers=(SGD, SGD)),
    ],
    ids=["learns", "unknown", "short", "two optimizers"],
)
def test_a_run_that_learns_or_may_learn_is_sound(record: Record) -> None:
    assert not said(record, RULE)


def test_a_run_that_ends_without_skill_but_gains_is_advised() -> None:
    record = scheduled(line, skill=lambda step: 0.0005 * step)
    assert told(record, RULE).severity == "advice"


def test_a_run_that_was_stopped_is_sound() -> None:
    record = scheduled(line)
    record.ended = "stopped"
    assert not said(record, RULE)


def saw(length: int = 12, low: float = 1e-5) -> Callable[[int], float]:
    return lambda step: low + 1e-4 * (step % length)


@pytest.mark.parametrize(
    ("rate", "fires"),
    [
        (saw(), True),
        (lambda step: saw()(step) if step < 40 else 1e-3 / step, True),  # three rises, and then a cosine's way
        (lambda step: saw()(step) if step < 30 else 1e-3 / step, False),  # two
        (lambda step: 1e-5 + 1e-4 * abs(step % 24 - 12), False),  # a cycle that falls as slowly as it rises
        (lambda step: 1e-5 + 1e-4 * (12 - step % 12), False),  # restarts
        (lambda step: saw()(step) + 2e-4 * (step // 12), False),  # it falls back by less each time
        (saw(4), False),
        (saw(low=1.2e-3), False),
    ],
)
@pytest.mark.parametrize("skill", [0.0, 0.9, None])
def test_a_warm_up_that_begins_anew_with_each_epoch_is_told(
    rate: Callable[[int], float], fires: bool, skill: float | None
) -> None:
    found = said(scheduled(rate, skill=skill), RULE)
    assert [one.severity for one in found] == ["advice" if skill != 0 else "warning"] * fires
    assert not said(scheduled(rate, skill=skill, optimizers=(SGD, SGD)), RULE)


def test_the_remedy_is_a_warm_up_for_a_tenth_of_the_run() -> None:
    finding = told(scheduled(line), RULE)
    assert finding.remedy is not None
    assert "total_iters=6)" in finding.remedy.code


def counted(planned: int, done: int, kind: str = "OneCycleLR", *, steps: int = 100, seen: int = 100) -> Record:
    record = run(steps=steps, skill=0.9, optimizers=(replace(SGD, steps=steps),))
    schedule = {
        "optimizer": "SGD",
        "kind": kind,
        "planned": planned,
        "done": done,
        "steps": seen,
        "line": "train.py:5",
    }
    record.meta["schedules"] = [schedule]  # type: ignore[index]
    return record


@pytest.mark.parametrize(
    ("record", "fires"),
    [
        (counted(100, 3), True),
        (counted(100, 0), True),
        (counted(100, int(SHARE * 100)), True),
        (counted(100, int(SHARE * 100) + 1), False),  # for each fifth batch, or more often
        (counted(100, 99), False),
        (counted(int(100 / (1 - SAME)), 3), True),
        (counted(int(100 / (1 - SAME)) + 1, 3), False),  # a run that was meant to be longer
        (counted(int(100 / (1 + SAME)) - 1, 3), False),
        (counted(10, 9), False),  # by epochs, and made for them
        (counted(19, 0, steps=19, seen=19), False),
    ],
)
def test_a_schedule_that_counts_batches_is_to_be_stepped_for_each(record: Record, fires: bool) -> None:
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize(
    ("kind", "severity"), [("OneCycleLR", "warning"), ("CosineAnnealingLR", "advice"), ("PolynomialLR", "advice")]
)
def test_what_begins_at_its_top_is_advice(kind: str, severity: str) -> None:
    finding = told(counted(100, 3, kind), RULE)
    assert (finding.severity, finding.line) == (severity, "train.py:5")
    assert kind in finding.message
    record = counted(100, 3, kind)
    record.ended = "stopped"
    assert not said(record, RULE)
