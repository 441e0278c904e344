"""updates-rounded-away: the share of values with a gradient that a step leaves as they were."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn

import headstart as hs
from headstart.diagnosis.rules.updates_rounded_away import ENOUGH, LOST, WAY
from headstart.diagnosis.skill import learns, skill_of
from headstart.record import Record

RULE = "updates-rounded-away"
NET = chain(linear("fc1"), head())


def rounded(stay: Figure, without: Figure = 0.0, skill: Figure | None = 0.0, steps: int = ENOUGH) -> Record:
    figures: dict[tuple[str, str], Figure] = {}
    for layer in NET:
        figures[f"{layer.name}.weight", "update.zeros"] = stay
        figures[f"{layer.name}.weight", "weight_gradient.zeros"] = without
    return run(NET, figures, skill=skill, steps=steps)


def test_more_than_three_of_four_values_that_stay_are_an_error() -> None:
    finding = told(rounded(1.01 * LOST), RULE)
    assert finding.severity == "error"
    assert figures_of(finding)["lost"] == pytest.approx(1.01 * LOST)
    assert said(rounded(0.99 * LOST), RULE) == []


def test_values_without_a_gradient_have_nothing_to_lose() -> None:
    """Of half the values the gradient is zero: those that stay beyond them are lost."""
    assert figures_of(told(rounded(0.98, 0.5), RULE))["lost"] == pytest.approx(0.96)
    assert said(rounded(0.87, 0.5), RULE) == []
    assert said(rounded(0.94, 1.0), RULE) == []


def test_a_run_that_learns_or_is_not_known_to_fail_may_lose_them() -> None:
    assert said(rounded(0.99, skill=0.9), RULE) == []
    assert RULE in unjudged(rounded(0.99, skill=None))


def test_a_run_that_ends_without_skill_but_gains_is_warned_if_its_numbers_are_coarse() -> None:
    gains = rounded(0.9, skill=lambda step: 0.0005 * step, steps=60)
    assert said(of_precision(2**-24, gains), RULE) == []
    assert told(of_precision(2**-9, gains), RULE).severity == "warning"


def test_a_try_of_a_few_steps_is_no_training() -> None:
    assert said(rounded(0.99, steps=ENOUGH - 1), RULE) == []


def test_where_nothing_moves_at_all_another_rule_speaks() -> None:
    assert said(rounded(1.0), RULE) == []


def of_precision(rounding: float, record: Record) -> Record:
    parameters = [replace(one, rounding=rounding) for one in record.parameters]
    record = copy.copy(record)
    record.parameters = tuple(parameters)
    return record


def test_what_rounding_takes_must_be_worth_a_step() -> None:
    """The updates were kept in the first steps, so that the rate alone is not it."""
    late = {step: float(step >= 5) for step in range(60)}
    record = rounded(late, steps=60)
    for share, fires in ((1.01, True), (0.99, False)):
        assert bool(said(of_precision(share * WAY / 60, record), RULE)) == fires


def test_a_rate_that_is_too_small_for_all_weights_from_the_first_is_one_in_any_precision() -> None:
    always = rounded(dict.fromkeys(range(60), 0.95), steps=60)
    assert said(of_precision(2**-24, always), RULE)
    shrunk = rounded({step: 0.95 * (step >= 12) for step in range(60)}, steps=60)
    assert said(of_precision(2**-8, shrunk), RULE)
    assert said(of_precision(2**-24, shrunk), RULE) == []


def test_where_saturated_units_let_no_gradient_pass_rounding_is_not_the_cause(tmp_path: Path) -> None:
    """Five layers of tanh on weights of which none is negative: soon all of them say one."""
    torch.manual_seed(0)
    x, y = torch.randn(128, 2), (torch.arange(128) % 2).float()[:, None]
    layers = [part for fan_in in (2, 10, 10, 10, 10) for part in (nn.Linear(fan_in, 10), nn.Tanh())]
    net = nn.Sequential(*layers, nn.Linear(10, 1))
    for layer in layers[::2]:
        nn.init.uniform_(layer.weight, 0, 1)  # type: ignore[arg-type]
        nn.init.constant_(layer.bias, 2.0)  # type: ignore[arg-type]
    optimizer = torch.optim.SGD(net.parameters(), lr=1e-2)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(60):
            optimizer.zero_grad()
            nn.functional.binary_cross_entropy_with_logits(net(x), y).backward()
            optimizer.step()
    record = watch.read()
    assert {one.rounding for one in record.parameters} == {2**-24}
    assert learns(record, skill_of(record)) is False
    assert said(record, RULE) == []
    assert said(of_precision(2**-8, record), RULE)


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
