"""Samples that are trained on and then left out: exact turns, chance, and weights that are new."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from headstart.monitor.turns import ALONE, TIMES, Turns, take


def fold(samples: list[Turns], held: set[int], steps: range, since: int = 0) -> None:
    """Each step trains on all that are not held out; those are evaluated after it."""
    for step in steps:
        take([turns for place, turns in enumerate(samples) if place not in held], True, step, since)
        take([samples[place] for place in sorted(held)], False, step, since)


@given(st.integers(2, 6), st.integers(2 * TIMES, 20))
def test_all_but_the_first_fold_are_left_out_and_only_the_first_joins(folds: int, length: int) -> None:
    samples = [Turns() for _ in range(ALONE * folds)]
    for number in range(folds):
        held = set(range(ALONE * number, ALONE * (number + 1)))
        fold(samples, held, range(length * number, length * (number + 1)))
    assert [turns.left for turns in samples] == [place >= ALONE for place in range(len(samples))]
    assert [turns.joined for turns in samples] == [place < ALONE for place in range(len(samples))]


def test_new_weights_know_nothing_of_what_was_before() -> None:
    samples = [Turns() for _ in range(3 * ALONE)]
    for number in range(3):
        held = set(range(ALONE * number, ALONE * (number + 1)))
        fold(samples, held, range(10 * number, 10 * (number + 1)), since=10 * number)
    assert not any(turns.left or turns.joined for turns in samples)


@given(st.integers(0, 1000))
def test_samples_drawn_with_replacement_are_not_left_out(seed: int) -> None:
    draw = random.Random(seed)
    samples = [Turns() for _ in range(32)]
    for step in range(60):
        take(draw.sample(samples, 8), True, step, 0)
        take(samples, False, step, 0)
    assert not any(turns.left for turns in samples)


def test_a_few_samples_may_be_left_out_by_chance() -> None:
    samples = [Turns() for _ in range(ALONE - 1)]
    fold(samples, set(), range(5))
    take(samples, False, 50, 0)
    assert not any(turns.left for turns in samples)
