"""evaluated-in-training-mode: a warning where a loss was computed so, and silent where evaluation mode is known."""

from __future__ import annotations

from dataclasses import replace

import pytest
from records import chain, head, linear, run, said, told, unjudged

from headstart.diagnosis.rules.evaluated_in_training_mode import OFTEN
from headstart.record import Mode, Record

RULE = "evaluated-in-training-mode"
STEPS = 60


def record(*modes: Mode, skill: float | None = 0.5) -> Record:
    seen = run(chain(linear("fc"), head()), steps=STEPS, skill=skill)
    seen.modes = modes
    return seen


def dropout(looks: int = 4, judged: int = 0, evaluated: int = 0, steps: int = STEPS) -> Mode:
    counts = {"evaluated": evaluated, "evaluated_in_training": looks, "judged_in_training": judged}
    return Mode("drop", "Dropout", 0, 0.2, steps=steps, **counts)


def norm(tracks: bool) -> Mode:
    return Mode("bn", "BatchNorm1d", tracks=tracks, steps=STEPS, evaluated_in_training=4, judged_in_training=4)


@pytest.mark.parametrize(("judged", "severity"), [(4, "warning"), (0, "advice")])
def test_a_loss_makes_it_an_evaluation(judged: int, severity: str) -> None:
    finding = told(record(dropout(judged=judged)), RULE)
    assert finding.severity == severity
    assert "Dropout" in finding.message


@pytest.mark.parametrize(("looks", "severity"), [(int(OFTEN * STEPS), "warning"), (int(OFTEN * STEPS) + 1, "advice")])
def test_at_most_steps_it_may_be_part_of_the_training(looks: int, severity: str) -> None:
    assert told(record(dropout(looks, looks)), RULE).severity == severity


@pytest.mark.parametrize(("looks", "skill"), [(int(OFTEN * STEPS) + 1, 0.5), (4, None)])
def test_without_a_loss_samples_and_tasks_that_are_not_known_are_sound(looks: int, skill: float | None) -> None:
    assert said(record(dropout(looks), skill=skill), RULE) == []


def test_one_evaluation_in_evaluation_mode_says_that_it_is_known() -> None:
    other = Mode("other", "Dropout", 1, 0.2, steps=STEPS, evaluated=1)
    assert said(record(dropout(judged=4), other), RULE) == []


def test_norms_without_running_statistics_are_the_same_in_both_modes() -> None:
    assert said(record(norm(tracks=False)), RULE) == []
    assert told(record(norm(tracks=True)), RULE).severity == "warning"


def test_what_does_not_train_in_training_mode_is_sound() -> None:
    assert said(record(dropout(judged=4, steps=0)), RULE) == []


def test_it_is_not_judged_where_nothing_was_evaluated() -> None:
    assert RULE in unjudged(record(dropout(0)))
    assert RULE in unjudged(record())


def function(looks: int = 4, judged: int = 0, evaluated: int = 0) -> Mode:
    """An F.dropout."""
    counts = {"evaluated": evaluated, "evaluated_in_training": looks, "judged_in_training": judged}
    return Mode("F.dropout (train.py:7)", "F.dropout", 3, 0.4, steps=STEPS, line="train.py:7", **counts)


@pytest.mark.parametrize("judged", [0, 4])
def test_a_function_that_drops_in_each_evaluation_is_advice(judged: int) -> None:
    finding = told(record(function(judged=judged)), RULE)
    assert finding.severity == "advice"
    assert finding.line == "train.py:7"
    assert finding.remedy is not None
    assert "training=self.training" in finding.remedy.code


def test_a_function_is_told_where_modules_evaluate_in_evaluation_mode() -> None:
    other = Mode("bn", "BatchNorm1d", tracks=True, steps=STEPS, evaluated=4)
    assert told(record(function(judged=4), other), RULE).severity == "advice"
    assert said(record(function(evaluated=1), other), RULE) == []


def test_a_module_that_forward_makes_is_a_warning() -> None:
    made = replace(function(), name="nn.Dropout (train.py:7)", kind="nn.Dropout")
    finding = told(record(made, Mode("bn", "BatchNorm1d", tracks=True, steps=STEPS, evaluated=4)), RULE)
    assert finding.severity == "warning"
    assert "This nn.Dropout belongs to no model" in finding.cause
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("self.dropout = nn.Dropout(0.4)")


def test_a_module_beside_a_function_keeps_its_severity() -> None:
    assert told(record(dropout(judged=4), function(judged=4)), RULE).severity == "warning"


@pytest.mark.parametrize(("looks", "skill"), [(int(OFTEN * STEPS) + 1, 0.5), (4, None)])
def test_a_function_in_what_may_be_sampling_is_sound(looks: int, skill: float | None) -> None:
    assert said(record(function(looks), skill=skill), RULE) == []
