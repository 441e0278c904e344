"""The second look: where a run learns nothing or little and nothing says why, as advice, never against a user's limit."""

from __future__ import annotations

import math

import pytest
from records import SGD, Figure, chain, head, linear, run

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import catalogue, find
from headstart.record import Record
from headstart.settings import Settings


def faded(skill: float) -> Record:
    """Of a net whose first layer gets a two-hundredth of the last one's gradient: no fault, but unlike most that learn."""
    layers = chain(linear("fc1", activation="sigmoid"), linear("fc2", activation="sigmoid"), head())
    gradients = {"fc1.weight": 5e-5, "fc2.weight": 1e-3, "head.weight": 1e-2}
    figures = {(name, "weight_gradient.std"): value for name, value in gradients.items()}
    return run(layers, {**figures, **{(name, "weight.std"): 0.1 for name in gradients}}, skill=skill, optimizers=[SGD])


def told(record: Record) -> list[tuple[str, str]]:
    return [(finding.rule, finding.severity) for finding in diagnose(record).findings]


def test_a_suspicion_comes_after_the_symptom_as_advice() -> None:
    assert told(faded(0.0)) == [("no-better-than-constant", "error"), ("gradients-vanish", "advice")]
    assert "a suspicion" in (diagnose(faded(0.0)).findings[1].cause or "")
    assert "猜测" in (diagnose(faded(0.0), language="zh").findings[1].cause or "")


def test_nothing_is_suspected_of_a_run_that_learns_half_of_it_or_more() -> None:
    assert told(faded(0.5)) == []


def dying(loss: float, skill: float = 0.0, last: float = 1.0) -> Record:
    """Units die in a run whose third step moves each weight by a tenth, after which the loss is `loss` times as high."""
    layers = chain(linear("fc1"), linear("relu1"), head())
    weights = ("fc1.weight", "head.weight")
    figures: dict[tuple[str, str], Figure] = {(name, "weight.std"): 0.15 for name in weights}
    figures |= {(name, "update.std"): lambda step: 0.015 if step == 3 else 3e-3 for name in weights}
    figures["relu1", "activation.dead"] = {3: 0.0, 11: 1.0, 43: 1.0, 59: 1.0}
    return run(
        layers,
        figures,
        skill=skill,
        loss=lambda step: 1.0 if step < 4 else loss if step < 59 else last,
        optimizers=[SGD],
    )


def test_a_choice_is_suspected_behind_states_for_which_none_was_found() -> None:
    assert told(dying(1.3)) == [("dead-relu", "error"), ("learning-rate-too-high", "advice")]
    assert "its cause" in (diagnose(dying(1.3)).findings[1].cause or "")
    assert told(dying(1.1)) == [("dead-relu", "error")]
    assert ("learning-rate-too-high", "advice") not in told(dying(1.3, last=math.nan))
    assert told(dying(1.3, skill=0.9)) == [("dead-relu", "error")]


def test_a_run_that_learns_little_is_told_that_it_learns() -> None:
    assert told(faded(0.49)) == [("gradients-vanish", "advice")]
    assert "The run learns" in (diagnose(faded(0.49)).findings[0].cause or "")
    assert "有所学习" in (diagnose(faded(0.49), language="zh").findings[0].cause or "")


def test_nothing_is_suspected_of_little_where_something_is_known() -> None:
    hidden = (linear("fc1", activation="sigmoid"), linear("relu1"))
    figures = {("fc1.weight", "weight_gradient.std"): 5e-5, ("head.weight", "weight_gradient.std"): 1e-2}
    dead = {("relu1", "activation.dead"): {3: 0.9, 11: 0.9, 43: 0.9, 59: 0.9}}
    assert told(run(chain(*hidden, head()), figures, skill=0.3, optimizers=[SGD])) == [("gradients-vanish", "advice")]
    record = run(chain(*hidden, head()), {**figures, **dead}, skill=0.3, optimizers=[SGD])
    assert told(record) == [("dead-relu", "advice")]


def test_a_limit_that_a_user_has_chosen_is_kept() -> None:
    with Settings(limits={"gradients-vanish": {"LEFT": 1e-5, "SIGMOIDS": 5}}).in_force():
        assert told(faded(0.0)) == [("no-better-than-constant", "error")]


def test_limits_are_as_before_after_a_look() -> None:
    before = {rule.name: rule.limits for rule in catalogue()}
    diagnose(faded(0.0))
    assert {rule.name: rule.limits for rule in catalogue()} == before


def test_a_rule_that_is_not_asked_suspects_nothing() -> None:
    found = diagnose(faded(0.0), rules=[find("no-better-than-constant")]).findings
    assert [finding.rule for finding in found] == ["no-better-than-constant"]


@pytest.mark.parametrize("rule", [rule for rule in catalogue() if rule.second_look], ids=lambda rule: rule.name)
def test_the_second_look_is_less_strict_and_told_on_the_page(rule) -> None:
    assert rule.second_look.keys() <= rule.limits.keys()
    assert all(
        f"`{name}` {value:g}" in rule.page_in("zh").section("Limits") for name, value in rule.second_look.items()
    )
    assert all(rule.limits[name] != value for name, value in rule.second_look.items())
