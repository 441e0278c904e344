"""loss-plateau: a loss that comes to the constant's and stays, told where no cause is known."""

from __future__ import annotations

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.loss_plateau import FLAT
from headstart.diagnosis.skill import ENOUGH_STEPS, NO_SKILL
from headstart.record import Record

RULE = "loss-plateau"
NET = chain(linear("fc1"), head())


def thirds(first: float, middle: float, last: float) -> Figure:
    return lambda step: (first, middle, last)[step // 20]


def of(skill: Figure, steps: int = 60) -> Record:
    return run(NET, skill=skill, steps=steps)


def test_a_run_that_never_had_any_skill_is_an_error_from_its_first_step_on() -> None:
    finding = told(of(0.0), RULE)
    assert (finding.severity, finding.step) == ("error", finding.evidence[0].steps[1])
    assert figures_of(finding)["skill"] == pytest.approx(0)
    assert "the class frequencies" in finding.message


@pytest.mark.parametrize("sign", [-1, 1])
def test_in_the_middle_of_the_run_noise_may_be_a_tenth_of_the_constant(sign: int) -> None:
    last = min(0.99 * sign * FLAT, 0.0)
    assert told(of(thirds(0.0, sign * 0.99 * FLAT, last)), RULE)
    assert said(of(thirds(0.0, sign * 1.01 * FLAT, last)), RULE) == []


def test_in_the_end_the_loss_may_be_a_tenth_above_the_constants_and_no_more_below_than_of_any_run_that_fails() -> None:
    assert told(of(thirds(0.0, 0.0, -0.99 * FLAT)), RULE)
    assert said(of(thirds(0.0, 0.0, -1.01 * FLAT)), RULE) == []
    assert told(of(thirds(0.05, 0.05, 0.98 * NO_SKILL)), RULE)
    assert said(of(thirds(0.05, 0.05, 1.02 * NO_SKILL)), RULE) == []


def test_in_the_first_third_the_loss_may_come_down_from_anywhere() -> None:
    assert told(of(thirds(-50.0, 0.0, 0.0)), RULE)
    assert said(of(thirds(1.01 * FLAT, 0.0, 0.0)), RULE) == []  # it had learnt something


def test_a_run_that_may_still_come_to_learn_is_left_alone() -> None:
    assert said(of(thirds(-0.05, 0.0, 0.04)), RULE) == []
    assert said(of(0.0, steps=ENOUGH_STEPS - 1), RULE) == []


def test_a_loss_that_is_no_number_is_no_plateau() -> None:
    for third in range(3):
        assert said(of(thirds(*(float("nan") if place == third else 0.0 for place in range(3)))), RULE) == []


def test_it_follows_the_other_symptom_and_every_cause() -> None:
    (other,) = diagnose(of(0.0)).findings
    assert other.rule == "no-better-than-constant"
    assert [one.rule for one in other.explains] == [RULE]
    (root,) = diagnose(run(NET, {("fc1.weight", "weight.distinct"): {0: 1.0, 8: 1.0}}, skill=0.0)).findings
    assert root.rule == "symmetric-weights"
    assert RULE in {one.rule for one in root.explains}


def test_its_code_learns_one_batch_by_heart(capsys: pytest.CaptureFixture[str]) -> None:
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(8, 64), torch.nn.ReLU(), torch.nn.Linear(64, 2))
    given = {
        "loader": [(torch.randn(16, 8), torch.randint(0, 2, (16,)))],
        "model": model,
        "loss_function": torch.nn.functional.cross_entropy,
        "optimizer": torch.optim.Adam(model.parameters(), lr=1e-2),
    }
    remedy = told(of(0.0), RULE).remedy
    assert remedy is not None
    exec(remedy.code, given)
    assert float(capsys.readouterr().out) < 0.01


def test_without_a_skill_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET))
