"""class-imbalance-ignored: the commonest class is all that is answered, and nothing weighs the others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pytest
from records import Figure, chain, figures_of, head, run, said, told, unjudged

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.class_imbalance_ignored import CALLED, COMMONEST, LABELS, SELDOM, TAGS, WORST
from headstart.record import Loss, Record, Targets

RULE = "class-imbalance-ignored"


def imbalanced(
    share: float = 0.95,
    labels: float = 2000.0,
    *,
    options: Mapping[str, Any] | None = None,
    skill: float = 0.0,
    answered: Figure = 1.0,
    answer: float = 0.0,
    binary: bool = False,
    shape: tuple[int, ...] = (32,),
) -> Record:
    """Labels of class 0 to `share`, the others of class 1."""
    rare = labels * (1 - share)
    if binary:
        loss = Loss("ce", "binary_cross_entropy_with_logits", "train.py:9", dict(options or {}), trained=True)
        targets = Targets(labels, (), (rare,), (0.0,))
    else:
        loss = Loss("ce", "cross_entropy", "train.py:9", dict(options or {}), trained=True)
        targets = Targets(labels, (labels - rare, rare))
    loss = Loss(loss.name, loss.kind, loss.line, loss.options, targets, True, target_shape=shape)
    entropy = -share * math.log(share) - (1 - share) * math.log(1 - share) if share < 1 else 1.0
    figures: dict[tuple[str, str], Figure] = {
        ("ce", "loss.answered"): answered,
        ("ce", "loss.answered_class"): answer,
        ("ce", "loss.unvaried"): 0.0,
    }
    return run(chain(head()), figures, losses=[(loss, (1 - skill) * entropy)])


@pytest.mark.parametrize("binary", [False, True])
def test_one_in_twenty_that_is_never_answered_is_a_warning(binary: bool) -> None:
    record = imbalanced(binary=binary)
    finding = told(record, RULE)
    assert (finding.severity, finding.line, finding.step) == ("warning", "train.py:9", 0)
    assert figures_of(finding)["commonest_class_share"] == pytest.approx(0.95)
    (root,) = [one for one in diagnose(record).findings if one.severity != "advice"]
    assert root.rule == RULE
    assert {one.rule for one in root.explains} >= {"no-better-than-constant", "predictions-constant"}


def test_both_sides_of_each_limit() -> None:
    assert told(imbalanced(COMMONEST + 1e-9), RULE)
    assert said(imbalanced(COMMONEST - 0.001), RULE) == []
    assert told(imbalanced(labels=LABELS), RULE)
    assert said(imbalanced(labels=LABELS - 1), RULE) == []
    assert told(imbalanced(skill=WORST + 0.01), RULE)
    assert said(imbalanced(skill=WORST - 0.01), RULE) == []


@pytest.mark.parametrize("options", [{"weight": (1.0, 19.0)}, {"pos_weight": (19.0,)}, {"reduction": "none"}])
def test_a_loss_that_weighs_is_no_fault(options: dict[str, Any]) -> None:
    assert said(imbalanced(options=options), RULE) == []


def test_a_run_that_learns_and_calls_no_rare_case_is_advised_of_thresholds() -> None:
    finding = told(imbalanced(skill=0.3), RULE)
    assert finding.severity == "advice"
    assert "threshold" in finding.cause
    rare = 0.05  # of the labels
    finding = told(imbalanced(skill=0.3, answered=1 - 0.9 * CALLED * rare), RULE)
    assert figures_of(finding)["called_share"] == pytest.approx(0.9 * CALLED)
    assert said(imbalanced(skill=0.3, answered=1 - 1.1 * CALLED * rare), RULE) == []
    assert said(imbalanced(skill=0.3, answered=0.6, answer=1.0), RULE) == []  # the rare class is answered most


def test_of_a_mask_that_stays_empty_it_is_advice() -> None:
    assert told(imbalanced(skill=0.3, shape=(4, 32, 32)), RULE).severity == "advice"
    assert told(imbalanced(shape=(4, 32, 32)), RULE).severity == "warning"
    assert said(imbalanced(skill=0.3, shape=(4, 32, 32), answered=0.97), RULE) == []
    assert said(imbalanced(skill=0.3, shape=(4, 32, 32), options={"weight": (1.0, 19.0)}), RULE) == []


def test_of_thousands_of_pixels_a_few_may_be_answered_otherwise() -> None:
    rare = 0.05  # of the labels
    assert told(imbalanced(answered=1 - 0.9 * SELDOM * rare), RULE)
    assert said(imbalanced(answered=1 - 1.1 * SELDOM * rare), RULE) == []


def test_a_batch_in_which_another_class_is_answered_is_enough() -> None:
    assert said(imbalanced(answered=lambda step: 1.0 if step != 50 else 0.99), RULE) == []


def test_always_the_rare_class_is_another_fault() -> None:
    assert said(imbalanced(answer=1.0), RULE) == []


def test_it_began_where_the_last_other_answer_was() -> None:
    assert told(imbalanced(answered=lambda step: 1.0 if step > 30 else 0.6), RULE).step == 31


def test_without_answers_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), skill=0.0))


def tags(outputs: int, skill: float = 0.0, falls: float = 0.0) -> Record:
    """Each output is 1 for one sample in twenty, and none is ever answered so."""
    targets = Targets(200.0, (), (10.0,) * outputs, (0.0,) * outputs)
    loss = Loss("bce", "binary_cross_entropy_with_logits", "train.py:9", {}, targets, True)
    figures = {("bce", "loss.answered"): 1.0, ("bce", "loss.answered_class"): 0.0, ("bce", "loss.unvaried"): 0.0}
    entropy = -0.95 * math.log(0.95) - 0.05 * math.log(0.05)
    value = (1 - skill) * entropy
    return run(chain(head()), figures, losses=[(loss, value)], loss=lambda step: value * (1 + falls * (100 - step)))


def test_pixels_count_where_nothing_is_learnt_and_tags_always() -> None:
    assert figures_of(told(tags(12), RULE))["commonest_class_share"] == pytest.approx(0.95)
    assert "pos_weight" in told(tags(TAGS), RULE).remedy.code
    finding = told(tags(TAGS + 1), RULE)
    assert finding.severity == "warning"
    assert "masks.sum()" in finding.remedy.code
    assert told(tags(TAGS, skill=0.3), RULE).severity == "advice"
    assert said(tags(TAGS + 1, skill=0.3), RULE) == []


def test_a_loss_that_falls_is_on_its_way_to_the_commonest_answer() -> None:
    assert said(tags(12, skill=-2.0), RULE) == []
    assert told(tags(12, skill=-2.0, falls=0.01), RULE).severity == "warning"
