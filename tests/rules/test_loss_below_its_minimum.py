"""loss-below-its-minimum: what cannot be negative, and is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.loss_below_its_minimum import ROUNDING
from headstart.record import Loss, Record

RULE = "loss-below-its-minimum"
X = torch.randn(32, 6, generator=torch.Generator().manual_seed(0))
BCE = Loss("bce", "binary_cross_entropy_with_logits", "t.py:1", trained=True)


def record(folder: Path, y: Tensor, loss=F.binary_cross_entropy_with_logits) -> Record:
    torch.manual_seed(0)
    return trained(folder, nn.Linear(6, 1), X, y, lambda z, y: loss(z.squeeze(1), y), steps=30, lr=1.0)


@pytest.mark.parametrize(
    ("labels", "code"),
    [
        ((-1.0, 1.0), "target = (target + 1) / 2"),
        ((1.0, 2.0), "target = (target - 1) "),
        ((0.0, 255.0), "target = target / 255"),
    ],
)
def test_labels_outside_of_0_to_1_are_named_and_the_remedy_puts_them_right(
    labels: tuple[float, float], code: str, tmp_path: Path
) -> None:
    y = torch.tensor(labels)[torch.arange(32) % 2]
    finding = told(record(tmp_path, y), RULE)
    assert finding.severity == "error"
    assert f"{labels[0]:.0f} to {labels[1]:.0f}" in finding.cause
    assert finding.remedy is not None
    assert finding.remedy.code.startswith(code)
    names = {"target": y}
    exec(finding.remedy.code, names)
    assert sorted(set(names["target"].tolist())) == [0.0, 1.0]


def test_scores_that_a_written_out_entropy_takes_for_probabilities_are_named(tmp_path: Path) -> None:
    """And it leads: the rate, and what a clip holds, are judged by what such a loss makes of them."""
    y = torch.arange(32) % 2.0

    def entropy(z: Tensor, y: Tensor) -> Tensor:
        low, high = z.clamp(min=1e-10), (1 - z).clamp(min=1e-10)
        return -(y * low.log() + (1 - y) * high.log()).mean()

    net = nn.Linear(1, 1)
    nn.init.constant_(net.weight, 5.0)
    x = (2 * y - 1)[:, None]
    seen = trained(tmp_path, net, x, y, lambda z, y: entropy(z.squeeze(1), y), steps=30, lr=0.1)
    finding = told(seen, RULE)
    assert finding.step == 0
    assert "between 0 and 1" in finding.cause
    assert finding.remedy is not None
    assert diagnose(seen).findings[0].rule == RULE
    names = {"torch": torch, "scores": torch.full((32,), 3.0), "labels": y}
    exec(finding.remedy.code, names)
    assert names["loss"] > 0


def test_three_labels_are_classes(tmp_path: Path) -> None:
    finding = told(record(tmp_path, torch.arange(32) % 3.0), RULE)
    assert finding.remedy is not None
    assert finding.remedy.name == "cross-entropy"


@pytest.mark.parametrize("labels", [(0.0, 1.0), (0.1, 0.9)])
def test_labels_within_0_to_1_are_sound(labels: tuple[float, float], tmp_path: Path) -> None:
    assert said(record(tmp_path, torch.tensor(labels)[torch.arange(32) % 2]), RULE) == []


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=4, max_size=4), st.floats(-50, 50))
def test_no_binary_cross_entropy_of_labels_in_0_to_1_is_negative(labels: list[float], z: float) -> None:
    value = F.binary_cross_entropy_with_logits(torch.full((4,), z), torch.tensor(labels))
    assert value >= -ROUNDING


def test_raw_logits_are_told_by_nll_without_log_softmax_alone(tmp_path: Path) -> None:
    y = torch.arange(32) % 3
    seen = trained(tmp_path, nn.Linear(6, 3), X, y, F.nll_loss, steps=30, lr=1.0)
    assert seen.loss_of(seen.losses[0].name).last < -ROUNDING
    assert said(seen, RULE) == []
    assert told(seen, "nll-without-log-softmax").severity == "error"


def test_the_advantages_of_a_policy_gradient_may_have_either_sign(tmp_path: Path) -> None:
    y = torch.arange(32) % 3
    seen = trained(tmp_path, nn.Linear(6, 3), X, y, lambda z, y: F.nll_loss(z.log_softmax(1) * -torch.ones(32, 1), y))
    assert seen.loss_of(seen.losses[0].name).last < -ROUNDING
    assert said(seen, RULE) == said(seen, "nll-without-log-softmax") == []


@pytest.mark.parametrize(("value", "fires"), [(-1.01 * ROUNDING, True), (-0.99 * ROUNDING, False)])
def test_rounding_is_let_pass(value: float, fires: bool) -> None:
    assert bool(said(run(chain(head()), losses=[(BCE, value)]), RULE)) is fires


def test_what_has_no_minimum_at_zero_is_left_alone() -> None:
    negative = replace(BCE, kind="cross_entropy", options={"weight": (1.0, -1.0)})
    untrained = replace(BCE, trained=False)
    for loss in (negative, untrained, replace(BCE, kind="kl_div")):
        assert said(run(chain(head()), losses=[(loss, -1.0)]), RULE) == []


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
