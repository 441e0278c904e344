"""predictions-constant: one answer for all samples of batches whose labels differ."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from records import COIN, Figure, chain, figures_of, head, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.predictions_constant import MOSTLY, SPREAD
from headstart.record import Loss, Record, Targets

RULE = "predictions-constant"


def answering(
    answered: Figure = 1.0, answer: Figure = 1.0, unvaried: Figure = 0.0, *, skill: float = 0.0, steps: int = 60
) -> Record:
    figures = {
        (COIN.name, "loss.answered"): answered,
        (COIN.name, "loss.answered_class"): answer,
        (COIN.name, "loss.unvaried"): unvaried,
    }
    return run(chain(head()), figures, skill=skill, steps=steps)


def test_one_class_for_every_sample() -> None:
    finding = told(answering(), RULE)
    assert finding.severity == "error"
    assert figures_of(finding)["one_answer_share"] == 1
    assert "class 1" in finding.message


def test_both_sides_of_the_limit() -> None:
    half = 40 + int(MOSTLY * 20)
    assert said(answering(lambda step: 1.0 if step < half else 0.9), RULE) == []
    assert told(answering(lambda step: 1.0 if step <= half else 0.9), RULE)


def test_another_class_in_every_batch_is_not_one_answer() -> None:
    assert said(answering(answer=lambda step: float(step % 3)), RULE) == []


def test_a_run_that_learns_or_is_too_short_is_not_told() -> None:
    assert said(answering(skill=0.5), RULE) == []
    assert said(answering(steps=10), RULE) == []


def test_labels_that_do_not_differ_within_a_batch_are_answered_rightly() -> None:
    assert said(answering(unvaried=lambda step: float(step >= 40)), RULE) == []


def regression(spread: Figure, loss: float = 4.0) -> Record:
    mse = Loss("mse", "mse_loss", None, {}, Targets(100, (), (0.0,), (400.0,)), True)
    return run(chain(head()), {("mse", "loss.spread"): spread}, losses=[(mse, loss)])


def test_outputs_that_hardly_spread() -> None:
    assert figures_of(told(regression(0.9 * SPREAD), RULE))["output_spread_share"] == pytest.approx(0.009)
    assert said(regression(SPREAD), RULE) == []
    assert said(regression(math.nan), RULE) == []
    assert said(regression(0.9 * SPREAD, loss=1.0), RULE) == []


def test_it_began_where_it_was_so_at_every_look_from_then_on() -> None:
    assert told(regression(lambda step: 0.0 if step >= 7 else 1.0), RULE).step == 7
    assert told(answering(lambda step: 1.0 if step >= 7 else 0.9), RULE).step == 7
    assert told(answering(lambda step: 1.0 if step < 59 else 0.9), RULE).step == 40  # of the third that is summed up


def test_so_it_leads_and_explains_that_the_loss_is_no_better_than_a_constants() -> None:
    diagnosis = diagnose(regression(0.0))
    assert [(one.rule, one.explains[0].rule) for one in diagnosis.findings[:1]] == [(RULE, "no-better-than-constant")]


@pytest.mark.parametrize("ignored", [False, True])
def test_a_net_whose_outputs_are_its_last_bias(tmp_path: Path, ignored: bool) -> None:
    """The figures themselves: all samples get class 2, whose bias is largest, where labels count and where not."""
    net = nn.Linear(6, 3)
    nn.init.zeros_(net.weight)
    net.bias.data = torch.tensor([0.0, 0.1, 0.2])
    y = torch.tensor([0, 1, 2, 1] * 4)
    if ignored:
        y[::4] = -100
    record = trained(tmp_path, net, torch.randn(16, 6), y)
    (loss,) = record.losses
    assert set(record.series(loss.name, "loss.answered").values) == {1.0}
    assert set(record.series(loss.name, "loss.answered_class").values) == {2.0}


def test_the_spread_is_that_of_the_outputs_over_that_of_the_targets(tmp_path: Path) -> None:
    net, x, y = nn.Linear(6, 1), torch.randn(32, 6), torch.randn(32, 1)
    record = trained(tmp_path, net, x, y, nn.functional.mse_loss)
    (loss,) = record.losses
    expected = float(net(x).detach().std() / y.std())
    assert record.series(loss.name, "loss.spread").first == pytest.approx(expected, rel=1e-5)


def test_without_skill_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
