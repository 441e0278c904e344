"""learning-rate-too-low: how far the weights came over the run."""

from __future__ import annotations

import pytest
from records import SGD, Figure, chain, figures_of, head, linear, run, said, told

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import find
from headstart.diagnosis.rules.learning_rate_too_low import ENOUGH, WAY
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.findings import Finding
from headstart.record import Optimizer, Record, Series

RULE = "learning-rate-too-low"
NET = chain(linear("fc1"), head())


def moved(fc1: Figure, last: Figure, skill: float | None = 0.0, steps: int = ENOUGH) -> Record:
    """Weights of size 1 and their updates."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    given: dict[tuple[str, str], Figure] = {("fc1.weight", "update.std"): fc1, ("head.weight", "update.std"): last}
    return run(NET, {**figures, **given}, skill=skill, steps=steps)


def test_the_weight_that_came_furthest_may_be_a_hundredth_from_its_start() -> None:
    finding = told(moved(1e-9, 0.99 * WAY / ENOUGH), RULE)
    assert figures_of(finding)["way"] == pytest.approx(0.99 * WAY, rel=1e-5)
    assert said(moved(1e-9, 1.01 * WAY / ENOUGH), RULE) == []


def test_between_two_looks_it_goes_on_as_at_the_first() -> None:
    seldom = dict.fromkeys(range(0, ENOUGH, 10), 0.99 * WAY / ENOUGH)
    assert figures_of(told(moved(seldom, seldom), RULE))["way"] == pytest.approx(0.99 * WAY, rel=1e-5)


def test_a_net_that_is_good_already_may_stay_where_it_is() -> None:
    assert said(moved(1e-9, 1e-9, skill=0.9), RULE) == []


def unknown(loss: Figure, optimizers: tuple[Optimizer, ...] = (SGD,)) -> Record:
    """Weights that stay, and a loss of which no more is known."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 1.0 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): 1e-9 for layer in NET}
    return run(NET, figures, steps=ENOUGH, loss=loss, optimizers=optimizers)


def test_where_the_skill_is_not_known_a_loss_that_does_not_fall_is_advice() -> None:
    assert told(unknown(2.0), RULE).severity == "advice"
    assert said(unknown(lambda step: 2.0 - 0.01 * step), RULE) == []


def test_without_an_optimizer_there_is_no_rate_to_tell() -> None:
    record = unknown(2.0, ())
    record.lr = Series((), ())  # type: ignore[misc]
    finding = told(record, RULE)
    assert "0.1" not in finding.message
    assert finding.remedy is not None
    assert "lr = 100 * lr" in finding.remedy.code


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(moved(1e-9, 1e-9, steps=ENOUGH - 1), RULE) == []


def found(way: float, steps: int, skill: float = 0.0) -> list[Finding]:
    """Of sound weights that came so far, a second look included."""
    figures: dict[tuple[str, str], Figure] = {(f"{layer.name}.weight", "weight.std"): 0.1 for layer in NET}
    figures |= {(f"{layer.name}.weight", "update.std"): 0.1 * way / steps for layer in NET}
    record = run(NET, figures, skill=skill, steps=steps, optimizers=(SGD,))
    return [finding for finding in diagnose(record).findings if finding.rule == RULE]


@pytest.mark.parametrize(("way", "times"), [(0.299, 10), (0.101, 10), (0.099, 30), (0.009, 100), (0.001, 100)])
def test_the_remedy_goes_as_far_as_the_weights_are_large(way: float, times: int) -> None:
    remedy = found(way, ENOUGH)[0].remedy
    assert remedy is not None
    assert f"lr={times * 0.1:g})" in remedy.code
    assert f"{times} times 0.1" in remedy.code


def test_of_a_short_run_that_does_not_learn_it_is_a_suspicion() -> None:
    limits = find(RULE).second_look
    way, least = limits["WAY"], int(limits["ENOUGH"])
    assert least == ENOUGH_STEPS  # fewer do not tell whether a run learns

    def suspected(way: float, steps: int, skill: float = 0.0) -> list[str]:
        return [finding.severity for finding in found(way, steps, skill)]

    assert suspected(0.99 * way, ENOUGH - 1) == ["advice"]
    assert suspected(0.99 * way, least) == ["advice"]
    assert suspected(1.01 * way, ENOUGH - 1) == []
    assert suspected(0.99 * way, least - 1) == []
    assert suspected(0.99 * way, least, skill=0.9) == []


def test_a_weight_that_does_not_move_at_all_is_not_the_rates_doing() -> None:
    assert said(moved(0.0, 1e-9), RULE) == []
