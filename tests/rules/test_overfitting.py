"""overfitting: an evaluation loss far above its best, early one, in a run that has learnt its training samples."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest
from records import COIN, chain, figures_of, head, run, said, told, unjudged

from headstart.diagnosis.rules.overfitting import LEARNT, POINTS, RISE, WORSE
from headstart.record import Record

RULE = "overfitting"
CONSTANT = math.log(2)  # of the coin that records' skill is measured on


def evaluated(values: Sequence[float], skill: float = 0.9, accuracy: float | None = None) -> Record:
    record = run(chain(head()), skill=skill)
    rows = [(10 * place, COIN.name, "eval", value, accuracy) for place, value in enumerate(values)]
    record._loss_rows = [*record._loss_rows, *rows]
    return record


def test_a_rise_of_half_is_too_much() -> None:
    finding = told(evaluated([0.5, 0.4, 0.5, 0.4 * RISE + 0.01, 0.4 * RISE + 0.01, 0.4 * RISE + 0.01]), RULE)
    assert (finding.severity, finding.step) == ("advice", 10)
    assert figures_of(finding)["evaluation_loss"] == pytest.approx(0.61)
    assert said(evaluated([0.5, 0.4, 0.5, 0.4 * RISE, 0.4 * RISE, 0.4 * RISE]), RULE) == []


def test_above_the_constant_it_is_a_warning_unless_most_answers_are_right() -> None:
    values = [0.5, 0.4, 0.5, 0.9, 0.9, 0.9]
    assert told(evaluated(values), RULE).severity == "warning"
    assert told(evaluated(values, accuracy=0.74), RULE).severity == "warning"
    assert told(evaluated(values, accuracy=0.76), RULE).severity == "advice"
    below = [0.2, 0.1, 0.5, *[CONSTANT - 0.01] * 3]
    assert told(evaluated(below), RULE).severity == "advice"


def test_worse_than_the_constant_to_the_end_needs_no_rise_of_half() -> None:
    """Where even the best evaluation had hardly learnt anything, there is little to rise from."""
    above = WORSE * CONSTANT + 0.01
    values = [0.7, 0.69, 0.72, above, above, above]
    assert told(evaluated(values), RULE).severity == "warning"
    assert said(evaluated([*values[:-1], WORSE * CONSTANT - 0.01]), RULE) == []
    assert said(evaluated(values, accuracy=0.76), RULE) == []
    assert said(evaluated([0.9, 0.8, 0.9, 0.87, 0.87, 0.87]), RULE) == []  # above the constant from the start


def test_what_has_not_learnt_its_samples_does_not_know_them_by_heart() -> None:
    values = [0.5, 0.4, 0.5, 0.9, 0.9, 0.9]
    assert said(evaluated(values, skill=LEARNT - 0.01), RULE) == []
    assert said(evaluated(values, skill=LEARNT + 0.01), RULE) != []


def test_few_evaluations_or_a_best_one_near_the_end_tell_nothing() -> None:
    assert said(evaluated([0.4, *[0.9] * (POINTS - 2)]), RULE) == []
    assert said(evaluated([0.4, *[0.9] * (POINTS - 1)]), RULE) != []
    assert said(evaluated([0.9, 0.9, 0.9, 0.1, 0.9, 0.9]), RULE) == []


def test_without_a_skill_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
