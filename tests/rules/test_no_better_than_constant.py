"""no-better-than-constant: a flat run without skill, long enough, whose best constant is known."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from records import COIN, Figure, chain, figures_of, flat, head, linear, run, said, told, unjudged

from headstart.diagnosis import diagnose
from headstart.diagnosis.skill import ENOUGH_STEPS, NO_SKILL, UNVARIED
from headstart.record import Loss, Record, Targets

RULE = "no-better-than-constant"
NET = chain(linear("fc1"), head())


def of(skill: Figure, steps: int = 60, **figures: Figure) -> Record:
    return run(
        NET, {(COIN.name, f"loss.{name}"): figure for name, figure in figures.items()}, steps=steps, skill=skill
    )


@pytest.mark.parametrize("skill", [0.98 * NO_SKILL, 0.0, -3.0])
def test_a_run_without_skill_is_an_error(skill: float) -> None:
    finding = told(of(skill), RULE)
    assert finding.severity == "error"
    assert finding.step == 40
    assert figures_of(finding)["skill"] == pytest.approx(skill)
    assert figures_of(finding)["loss"] == pytest.approx((1 - skill) * math.log(2))
    assert finding.evidence[0].limit == NO_SKILL
    assert finding.evidence[0].steps == (40, 59)


@pytest.mark.parametrize("skill", [1.02 * NO_SKILL, 0.5, 1.0])
def test_a_run_with_a_little_skill_is_left_alone(skill: float) -> None:
    assert said(of(skill), RULE) == []


def test_only_what_is_much_worse_than_the_constant_is_called_worse() -> None:
    even, worse = told(of(-0.98 * NO_SKILL), RULE), told(of(-1.02 * NO_SKILL), RULE)
    assert "worse" in worse.message
    assert "worse" not in even.message
    assert "the class frequencies" in even.message


def test_too_few_steps_say_nothing() -> None:
    assert said(of(0.0, steps=ENOUGH_STEPS - 1), RULE) == []
    assert told(of(0.0, steps=ENOUGH_STEPS), RULE).step == 2 * ENOUGH_STEPS // 3


def test_a_skill_that_would_pass_the_limit_in_as_long_again_is_left_alone() -> None:
    def rises_to(end: float) -> Figure:
        return lambda step: end * step / 59  # a line: from end to 2 end in as long again

    assert said(of(rises_to(0.6 * NO_SKILL)), RULE) == []
    assert told(of(rises_to(0.4 * NO_SKILL)), RULE)


def test_a_skill_that_falls_from_little_to_nothing_is_found() -> None:
    assert told(of(lambda step: 0.04 - 0.04 * step / 59), RULE)


def test_what_was_learnt_and_lost_counts_by_its_end() -> None:
    assert told(of(lambda step: 0.8 if step < 30 else 0.0), RULE)


def test_one_role_of_a_gan_is_not_judged() -> None:
    def single_label(share: float) -> Figure:
        return lambda step: float(step % 10 < 10 * share)

    assert RULE in unjudged(of(0.0, unvaried=single_label(UNVARIED + 0.1)))
    assert told(of(0.0, unvaried=single_label(UNVARIED)), RULE)


def test_labels_that_are_all_the_same_are_not_judged() -> None:
    alike = replace(COIN, targets=Targets(100, (100.0, 0.0)))
    assert RULE in unjudged(run(NET, losses=[(alike, math.log(2))]))


@pytest.mark.parametrize("kind", ["ctc_loss", "triplet_margin_loss", "a loss of my own"])
def test_a_loss_whose_best_constant_is_not_known_is_not_judged(kind: str) -> None:
    assert RULE in unjudged(run(NET, losses=[(replace(COIN, kind=kind), 1.0)]))


def test_without_any_loss_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET))


def test_the_baseline_is_the_losss_own() -> None:
    targets = Targets(4, (), (8.0,), (16.0,), ((0.0,), (0.0,), (4.0,), (4.0,)))
    for kind, level, words in (("mse_loss", 4.0, "the mean"), ("l1_loss", 2.0, "the median")):
        record = run(NET, losses=[(Loss("loss", kind, targets=targets, trained=True), level)])
        assert figures_of(told(record, RULE))["skill"] == pytest.approx(0)
        assert words in told(record, RULE).message


def test_it_leads_only_where_no_cause_was_found() -> None:
    copies = {("fc1.weight", "weight.distinct"): {0: 1.0, 8: 1.0}}
    (root,) = diagnose(run(NET, copies, skill=0.0)).findings
    assert root.rule == "symmetric-weights"
    assert RULE in {one.rule for one in root.explains}
    (worse,) = diagnose(of(-3.0)).findings
    assert worse.rule == RULE
    assert [one.rule for one in flat(diagnose(of(0.0)))] == [RULE, "loss-plateau"]
