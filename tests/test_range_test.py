"""The curve of a range test: where it falls, ends its fall and breaks down, and when no rate is given."""

from __future__ import annotations

import io
import math
from statistics import fmean

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from headstart.train.range_test import BEND, Curve, RangeTest, is_far_above

LRS = tuple(10 ** (-6 + 7 * place / 99) for place in range(100))
START = (2.31, 2.29, 2.30, 2.32, 2.28)


def falling(lowest: float = 0.01, breaks: float = 0.3, floor: float = 0.5) -> tuple[float, ...]:
    """From 2.3 at 10⁻⁴ down to `floor` at `lowest`, straight by log(rate); far above it from `breaks` on."""
    top = math.log10(lowest) + 4

    def loss(lr: float) -> float:
        way = min(1.0, max(0.0, (math.log10(lr) + 4) / top))
        return (
            9.0 if lr > breaks else 2.3 - (2.3 - floor) * way + (0.2 * math.log10(lr / lowest) if lr > lowest else 0)
        )

    return tuple(map(loss, LRS))


def found(*losses: tuple[float, ...], start: tuple[float, ...] = START, lrs: tuple[float, ...] = LRS) -> RangeTest:
    return RangeTest(lrs, losses, tuple(start for _ in losses), "adamw")


def test_the_rates_come_in_the_order_of_the_curve() -> None:
    result = found(falling(), falling(), falling())
    assert result.refusal is None
    assert 1e-4 < result.begins < result.steepest < result.suggestion <= result.lowest < result.breaks
    assert result.suggestion == pytest.approx(0.01, rel=0.5)
    assert result.breaks == pytest.approx(0.3, rel=0.5)


def test_the_most_cautious_seed_decides() -> None:
    result = found(falling(0.01), falling(0.003), falling(0.02))
    assert result.suggestion == min(result.by_seed) == result.by_seed[1]


def test_smoothing_shifts_nothing() -> None:
    """A dip that is alike to both sides stays where it is."""
    dip = tuple(2.3 - math.exp(-((place - 60) ** 2) / 50) for place in range(100))
    curve = Curve(LRS, 2.3, dip)
    assert curve.lowest == LRS[60]
    assert curve.smoothed[55] == pytest.approx(curve.smoothed[65])


def test_a_constant_curve_stays_constant_when_smoothed() -> None:
    assert Curve(LRS, 1.0, (1.5,) * 100).smoothed == pytest.approx((1.5,) * 100)


@given(scale=st.floats(0.01, 100), shift=st.floats(-10, 10))
def test_the_rates_do_not_depend_on_the_losss_unit_or_origin(scale: float, shift: float) -> None:
    plain = found(falling(), falling(0.02))
    losses = [tuple(scale * value + shift for value in each) for each in plain.losses]
    moved = found(*losses, start=tuple(scale * value + shift for value in START))
    assert moved.suggestion == pytest.approx(plain.suggestion, rel=0.2)  # rounding may move it by a step
    assert moved.breaks == pytest.approx(plain.breaks, rel=0.2)


@given(st.lists(st.floats(0, 3), min_size=2, max_size=100))
def test_any_curve_gives_a_rate_of_the_grid_or_a_reason(losses: list[float]) -> None:
    result = found(tuple(losses))
    assert (result.suggestion in LRS) != bool(result.refusal)
    assert str(result)


def test_the_bend_is_where_all_but_a_twentieth_of_the_fall_is_over() -> None:
    curve = Curve(LRS, 2.3, falling())
    place = LRS.index(curve.bend)
    level = min(curve.smoothed) + BEND * curve.fall
    assert curve.smoothed[place] <= level < curve.smoothed[place - 1]


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (found((2.0,), start=(math.nan, 2.0)), "not finite at the rate 1e-6 already"),
        (found((math.inf,)), "breaks down at the smallest rate"),
        (found((2.3,) * 100), "falls at no rate by more than chance"),
        (found((2.3 + 0.01 * (-1) ** 3,) * 100), "falls at no rate by more than chance"),
        (found((0.5,) * 100), "before the smallest rate"),
        (found(falling(10.0, 20.0)), "still falls at the largest rate, 10"),
        (found(falling(0.001), falling(0.02)), "The seeds disagree: 0.0011, 0.0148"),
    ],
)
def test_it_refuses_in_words(result: RangeTest, words: str) -> None:
    assert result.suggestion is None
    assert result.refusal is not None
    assert words in " ".join(str(result).split())
    assert result.lowest is result.steepest is result.breaks is result.begins is None


def test_chance_alone_seldom_looks_like_a_fall() -> None:
    """Random losses about a constant: 5 standard errors, though the lowest of a hundred is looked at."""
    import random

    drawn = random.Random(0)
    for _ in range(50):
        losses = [tuple(drawn.gauss(2.3, 0.1) for _ in range(100)) for _ in range(3)]
        assert found(*losses, start=tuple(drawn.gauss(2.3, 0.1) for _ in range(11))).suggestion is None


def test_seeds_that_end_early_end_the_mean() -> None:
    result = found(falling()[:80], falling()[:90])
    assert len(result.smoothed) == 80
    assert result.suggestion is not None


def test_a_last_loss_that_is_not_finite_breaks_down_there() -> None:
    losses = (*falling(breaks=100)[:75], math.inf)
    result = found(losses)
    assert result.breaks == LRS[75]
    assert all(map(math.isfinite, result.smoothed))


@pytest.mark.parametrize(
    ("value", "above"),
    [(2.3, False), (4.0, False), (4.2, True)],  # the start 2.3 plus the fall of 1.8 is 4.1
)
def test_a_loss_is_far_above_the_start_by_as_much_as_it_fell(value: float, above: bool) -> None:
    assert is_far_above(value, START, [1.0, 0.5, value]) is above


def test_a_training_that_never_learnt_stops_by_what_batches_differ() -> None:
    assert not is_far_above(fmean(START) + 0.1, START, [2.4])
    assert is_far_above(fmean(START) + 1, START, [2.4])


def test_it_prints_as_text_in_rich_as_well() -> None:
    result = found(falling(), falling(0.012), falling(0.02))
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(result)
    assert console.export_text().strip() == str(result)
    assert "suggestion" in str(result)
    assert "█" in str(result)


def test_the_plot_has_a_line_a_seed_the_mean_and_the_suggestion() -> None:
    result = found(falling()[:70], falling()[:80])
    figure = result.plot()
    assert [trace.name for trace in figure.data] == ["seed 0", "seed 1", "mean, smoothed"]
    assert figure.layout.xaxis.type == "log"
    assert figure.layout.shapes[0].x0 == result.suggestion
    assert figure.layout.annotations[0].x == pytest.approx(math.log10(result.suggestion))
    assert len(figure.data[2].x) == 70


def test_a_refusal_is_plotted_without_a_line() -> None:
    assert not found((2.3,) * 100).plot().layout.shapes
    assert found((math.nan,), start=(math.nan, 1.0)).plot().data
