"""loss-oscillates: swings on the same samples, both sides of each limit, and all that swings for another reason."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from records import COIN, SGD, Figure, chain, figures_of, flat, head, run, said, told, unjudged
from torch import nn

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.levels import BATCHES, Level, Turn, are_random, epoch_of, turns
from headstart.diagnosis.rules.loss_oscillates import ERRORS, NEW, SWING, TURNS
from headstart.record import Mode, Optimizer, Record, Samples

RULE = "loss-oscillates"
LN2 = math.log(2)
Course = Callable[[int], float]  # the loss by step, as a share of the constant's


def record(
    course: Course,
    *,
    steps: int = 60,
    batch: Figure = 7.0,
    commonest: Figure = 0.5,
    backward: Course | None = None,
    samples: tuple[Samples, ...] = (Samples("net", (10,), 32, steps=60),),
    optimizers: tuple[Optimizer, ...] = (SGD,),
    modes: tuple[Mode, ...] = (),
) -> Record:
    figures = {("net", "samples.batch"): batch, (COIN.name, "loss.commonest"): commonest}
    made = run(
        chain(head()),
        figures,
        steps=steps,
        skill=lambda step: 1 - course(step),
        loss=lambda step: LN2 * (backward or course)(step),
        optimizers=optimizers,
    )
    made.samples, made.modes = samples, modes
    return made


def swings(by: float, period: int = 2, around: float = 1.2) -> Course:
    return lambda step: around + by * (1 if step % period < period / 2 else -1) / 2


def test_a_swing_from_step_to_step() -> None:
    finding = told(record(swings(0.5)), RULE)
    assert finding.severity == "error"
    assert figures_of(finding)["loss_swing"] == pytest.approx(0.5 * LN2)
    assert figures_of(finding)["loss_turns"] == 38  # of 40 steps; the first and the last are no turns


def test_swings_of_any_period_that_turn_often_enough() -> None:
    assert said(record(swings(0.5, 8)), RULE)
    assert said(record(swings(0.5, 30)), RULE) == []


def test_both_sides_of_the_swing() -> None:
    assert said(record(swings(1.01 * SWING)), RULE)
    assert said(record(swings(0.99 * SWING)), RULE) == []


@pytest.mark.parametrize("count", [TURNS - 1, TURNS])
def test_both_sides_of_the_turns(count: int) -> None:
    def course(step: int) -> float:
        return 1.5 if min((step - 40) // 8, count + 1) % 2 else 1.0

    made = record(course, steps=120)
    assert bool(said(made, RULE)) == (count >= TURNS)


def test_a_run_that_learns_and_gets_no_lower_is_advised() -> None:
    assert told(record(swings(0.3, around=0.5)), RULE).severity == "advice"


def test_a_run_that_learns_on_is_left_alone() -> None:
    def falls(to: float) -> Course:
        return lambda step: swings(0.3, around=0.5)(step) * (to if step >= 40 else 1)

    assert said(record(falls(NEW + 0.01)), RULE)
    assert said(record(falls(NEW - 0.01)), RULE) == []


def test_a_run_that_learns_and_settles_is_left_alone() -> None:
    assert said(record(lambda step: swings(0.3, around=0.5)(step) if step < 42 else 0.5), RULE) == []


@pytest.mark.parametrize(
    "other",
    [
        {"batch": lambda step: step % 2},  # two batches by turns
        {"commonest": lambda step: 0.5 + 0.1 * (step % 2)},  # two sets of labels by turns
        {"backward": lambda step: 1.0 + step % 2},  # something else in the loss
        {"optimizers": (SGD, replace(SGD, name="SGD-2"))},
        {"samples": (Samples("net", steps=60), Samples("critic", steps=60))},
        {"modes": (Mode("drop", "Dropout", p=0.5, steps=60),)},
    ],
)
def test_another_reason_is_possible(other: dict[str, object]) -> None:
    assert said(record(swings(0.5)), RULE)
    assert said(record(swings(0.5), **other), RULE) == []  # type: ignore[arg-type]


def test_all_samples_in_another_order_at_each_step() -> None:
    kept = tuple((key, 60, 0, 1, 0) for key in range(20))
    whole = Samples("net", (10,), 20, steps=60, kept=kept)
    assert said(record(swings(0.5), batch=lambda step: step, samples=(whole,)), RULE)
    part = replace(whole, kept=((20, 59, 0, 1, 0), *kept))
    assert said(record(swings(0.5), batch=lambda step: step, samples=(part,)), RULE) == []


def test_a_rate_that_rises() -> None:
    made = record(swings(0.5))
    rows = [(*row[:3], 0.1 + (row[0] >= 30), *row[4:]) for row in made._rows]
    made._rows = rows
    assert said(made, RULE) == []
    made = record(swings(0.5))
    made._rows = [(*row[:3], 0.1 - 0.001 * row[0], *row[4:]) for row in made._rows]
    assert said(made, RULE)


def test_what_is_random_at_each_step_turns_as_often() -> None:
    generator = torch.Generator().manual_seed(0)
    drawn = (1.2 + 0.3 * torch.randn(200, generator=generator)).tolist()
    assert said(record(drawn.__getitem__, steps=200), RULE) == []


def in_epochs(epoch: int, count: int) -> Samples:
    """Each sample once an epoch; the kept ones are the first of each batch."""
    kept = tuple((i, count, i, epoch + (i * 7) % epoch, 0) for i in range(epoch))
    return Samples("net", (10,), 32, steps=epoch * count, kept=kept)


def by_epoch(by: float, epoch: int, noise: float) -> Course:
    """The mean swings; around it each batch is off by `noise`, one way or the other."""
    return lambda step: swings(by)(step // epoch) + (noise if step % 2 else -noise)


def epochs(by: float, noise: float, epoch: int = 10, count: int = 18) -> Record:
    kept = (in_epochs(epoch, count),)
    return record(by_epoch(by, epoch, noise), steps=epoch * count, batch=lambda step: step, samples=kept)


def test_swings_from_epoch_to_epoch() -> None:
    finding = told(epochs(0.5, 0.05), RULE)
    assert finding.severity == "error"
    assert "every epoch of 10 steps" in finding.message
    assert figures_of(finding)["loss_swing"] == pytest.approx(0.5 * LN2)


def test_epochs_that_differ_by_no_more_than_chance() -> None:
    least = ERRORS * math.sqrt(2 / 10) * 0.2  # the standard deviation of a batch is its noise
    assert said(epochs(1.01 * least, 0.2), RULE)
    assert said(epochs(0.99 * least, 0.2), RULE) == []


def test_short_epochs_are_not_told() -> None:
    assert said(epochs(0.5, 0.01, BATCHES), RULE)
    assert said(epochs(0.5, 0.01, BATCHES - 1), RULE) == []


def test_epochs_by_samples() -> None:
    known = in_epochs(10, 4)
    assert epoch_of(known) == 10
    assert epoch_of(replace(known, kept=((99, 2, 3, 8, 0), *known.kept))) is None  # drawn with replacement
    assert epoch_of(replace(known, kept=tuple((k, 1, f, -1, 0) for k, _, f, _, _ in known.kept))) is None
    assert epoch_of(Samples("net")) is None


@given(st.lists(st.floats(-10, 10), min_size=1, max_size=60), st.floats(0.1, 5))
def test_turns_are_peaks_and_troughs_by_turns(values: list[float], least: float) -> None:
    levels = [Level(step, value) for step, value in enumerate(values)]
    found = turns(levels, least, ERRORS)
    assert all(a.peak is not b.peak for a, b in pairwise(found))
    assert all(abs(a.level.loss - b.level.loss) > least for a, b in pairwise(found))
    assert all(turn.level in levels for turn in found)
    mirrored = turns([replace(level, loss=-level.loss) for level in levels], least, ERRORS)
    assert [turn.level.step for turn in mirrored] == [turn.level.step for turn in found]


def test_a_slope_does_not_turn() -> None:
    assert turns([Level(step, 0.9**step) for step in range(100)], 1e-9, 0.0) == []
    up_and_down = [Level(step, 5.0 - abs(step - 5)) for step in range(11)]
    assert turns(up_and_down, 1.0, 0.0) == [Turn(up_and_down[5], True)]


def test_what_is_related_to_the_step_before() -> None:
    assert not are_random([Level(step, step % 2) for step in range(40)])
    assert not are_random([Level(step, math.sin(step / 8)) for step in range(100)])
    assert are_random([Level(step, value) for step, value in enumerate(torch.rand(100).tolist())])
    assert are_random([Level(step, 1.0) for step in range(40)])


def descent(path: Path, rate: float, momentum: float = 0.0) -> Record:
    """Gradient descent on y = 0 under L1, from inputs that are all 1: the curvature is that of |w| summed over columns."""
    torch.manual_seed(0)
    x = 1 + 0.1 * torch.randn(64, 16)
    y = x[:, 0] * 3
    y = (y - y.mean()) / y.std()
    net = nn.Linear(16, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=rate, momentum=momentum)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(60):
            optimizer.zero_grad()
            nn.functional.huber_loss(net(x)[:, 0], y).backward()
            optimizer.step()
    made: Record = watch.read()
    assert "fault" not in made.meta, made.meta["fault"]
    return made


def test_beyond_two_over_the_curvature(tmp_path: Path) -> None:
    """Of the Huber loss near its bottom the Hessian is that of half the square: x'x / n, with 1; largest about 17.2."""
    curvature = 17.2
    (tmp_path / "low").mkdir()
    assert said(descent(tmp_path / "low", 1.8 / curvature), RULE) == []
    found = diagnose(descent(tmp_path, 6 / curvature))
    assert RULE in {finding.rule for finding in flat(found)}


def test_without_samples_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), skill=0.0))
