"""updates-rounded-away: the share of values with a gradient that a step leaves as they were."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn

import headstart as hs
from headstart.diagnosis.rules.updates_rounded_away import ENOUGH, LOST
from headstart.record import Record

RULE = "updates-rounded-away"
NET = chain(linear("fc1"), head())


def rounded(stay: Figure, without: Figure = 0.0, skill: float | None = 0.0, steps: int = ENOUGH) -> Record:
    figures: dict[tuple[str, str], Figure] = {}
    for layer in NET:
        figures[f"{layer.name}.weight", "update.zeros"] = stay
        figures[f"{layer.name}.weight", "weight_gradient.zeros"] = without
    return run(NET, figures, skill=skill, steps=steps)


def test_more_than_nine_of_ten_values_that_stay_are_an_error() -> None:
    finding = told(rounded(1.01 * LOST), RULE)
    assert finding.severity == "error"
    assert figures_of(finding)["lost"] == pytest.approx(1.01 * LOST)
    assert said(rounded(0.99 * LOST), RULE) == []


def test_values_without_a_gradient_have_nothing_to_lose() -> None:
    """Of half the values the gradient is zero: those that stay beyond them are lost."""
    assert figures_of(told(rounded(0.98, 0.5), RULE))["lost"] == pytest.approx(0.96)
    assert said(rounded(0.94, 0.5), RULE) == []
    assert said(rounded(0.94, 1.0), RULE) == []


def test_a_run_that_learns_or_is_not_known_to_fail_may_lose_them() -> None:
    assert said(rounded(0.99, skill=0.9), RULE) == []
    assert RULE in unjudged(rounded(0.99, skill=None))


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(rounded(0.99, steps=ENOUGH - 1), RULE) == []


def test_where_nothing_moves_at_all_another_rule_speaks() -> None:
    assert said(rounded(1.0), RULE) == []


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_in_bfloat16_a_step_of_a_thousandth_is_lost_and_in_float32_it_is_not(
    dtype: torch.dtype, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(128, 16).to(dtype), torch.randint(0, 2, (128,))
    net = nn.Sequential(nn.Linear(16, 32), nn.Tanh(), nn.Linear(32, 2)).to(dtype)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-3)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(40):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x).float(), y).backward()
            optimizer.step()
    assert bool(said(watch.read(), RULE)) is (dtype is torch.bfloat16)
