"""gradients-explode: growth along the depth, or in time."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis.rules.gradients_explode import FIRST, GROWTH
from headstart.record import Record

RULE = "gradients-explode"
NET = chain(linear("fc1"), linear("fc2"), head())
SEEN: dict[tuple[str, str], Figure] = {("fc1.weight", "weight_gradient.std"): 1.0}


def got(fc1: Figure, fc2: Figure = 1.0, head: Figure = 1.0, skill: float | None = 0.0) -> Record:
    """The gradient's std at each layer's output."""
    stds = {"fc1": fc1, "fc2": fc2, "head": head}
    return run(NET, {**SEEN, **{(name, "gradient.std"): std for name, std in stds.items()}}, skill=skill)


def grows(times: float, at: int) -> Record:
    """All layers alike, from step `at` on."""
    return got(*[lambda step: times if step >= at else 1.0] * 3)


def test_along_the_depth_the_gradient_may_grow_a_thousand_times() -> None:
    finding = told(got(1.01 * GROWTH), RULE)
    assert finding.layer == "fc1"
    assert finding.step == 0
    assert finding.evidence[0].value == pytest.approx(1.01 * GROWTH)
    assert finding.evidence[0].limit == GROWTH
    assert said(got(0.99 * GROWTH), RULE) == []


def test_growth_along_the_depth_is_over_the_last_layer() -> None:
    assert told(got(2e3, fc2=100.0, head=1.0), RULE).layers == ("fc1",)
    assert said(got(1e3, fc2=1e-3, head=10.0), RULE) == []


def test_it_is_told_of_the_layer_that_gets_most() -> None:
    finding = told(got(5e3, fc2=2e4), RULE)
    assert finding.layer == "fc2"
    assert finding.layers == ("fc1", "fc2")
    assert figures_of(finding)["gradient_rms"] == pytest.approx(2e4)


def test_in_time_the_gradient_may_grow_a_thousand_times() -> None:
    finding = told(grows(1.01 * GROWTH, at=30), RULE)
    assert finding.step == 30
    assert finding.evidence[0].value == pytest.approx(1.01 * GROWTH)
    assert said(grows(0.99 * GROWTH, at=30), RULE) == []


def test_what_is_usual_is_the_median_of_the_first_steps() -> None:
    assert told(grows(2 * GROWTH, at=FIRST // 2 + 1), RULE).step == FIRST // 2 + 1
    assert said(grows(2 * GROWTH, at=FIRST // 2), RULE) == []  # the median lies half way between
    rises = got(*[lambda step: 4e3 if step >= 30 else 1.0 if step < FIRST // 2 else 3.0] * 3)
    assert figures_of(told(rises, RULE))["gradient_ratio"] == pytest.approx(4e3 / 2)


def test_a_gradient_that_falls_away_at_once_has_not_grown() -> None:
    assert said(got(*[lambda step: 2 * GROWTH if step < 3 else 1.0] * 3), RULE) == []
    falls_and_grows = got(*[lambda step: 2 * GROWTH if step < 3 or step == 40 else 1.0] * 3)
    assert told(falls_and_grows, RULE).step == 40


def test_the_depth_is_told_before_the_time() -> None:
    def rises(factor: float) -> Figure:
        return lambda step: factor if step >= 30 else 1.0

    finding = told(got(rises(1e7), fc2=rises(1e3), head=rises(1e2)), RULE)
    assert figures_of(finding)["gradient_ratio"] == pytest.approx(1e5)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (None, "advice"), (0.0, "error")])
def test_it_is_advice_where_the_run_is_not_known_to_fail(skill: float | None, severity: str) -> None:
    assert told(got(1e5, skill=skill), RULE).severity == severity
    record = got(*[lambda step: 1e5 if step >= 30 else 1.0] * 3, skill=skill)
    assert told(record, RULE).severity == severity


def test_gradients_that_are_large_everywhere_and_always_are_a_summed_loss() -> None:
    assert said(got(1e12, 1e12, 1e12), RULE) == []


def test_a_net_that_starts_from_a_zero_last_layer_is_measured_at_its_largest_layer() -> None:
    def wakes(step: int) -> float:
        return 0.0 if step == 0 else 1e-5 if step < 8 else 1.0

    assert said(got(wakes, wakes, 1.0), RULE) == []


def test_steps_that_a_scaler_skips_do_not_count() -> None:
    assert said(got(1.0, fc2=lambda step: math.inf if step == 30 else 1.0), RULE) == []


def test_through_layers_that_grow_by_c_it_is_c_to_the_depth(tmp_path: Path) -> None:
    c = 12.0
    net = nn.Sequential(*(nn.Linear(8, 8, bias=False) for _ in range(4)))
    with torch.no_grad():
        for layer in net:
            layer.weight.copy_(c * torch.eye(8))
    x, y = torch.randn(32, 8), torch.randn(32, 8)
    finding = told(trained(tmp_path, net, x, y, nn.functional.mse_loss, steps=3), RULE)
    assert finding.layers == ("0",)  # the next has c² = 144
    assert figures_of(finding)["gradient_ratio"] == pytest.approx(c**3, rel=1e-4)


def test_the_remedy_holds_the_gradients_norm_at_1() -> None:
    remedy = told(got(1e5), RULE).remedy
    assert remedy is not None
    model = nn.Linear(4, 4)
    (1e6 * model(torch.ones(1, 4)).sum()).backward()
    exec(remedy.code, {"torch": torch, "model": model})
    norms = [parameter.grad.norm() for parameter in model.parameters() if parameter.grad is not None]
    assert torch.stack(norms).norm().item() == pytest.approx(1, rel=1e-4)


def test_without_a_weight_that_gets_a_gradient_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET, {("fc1", "gradient.std"): 1.0}))


def test_a_gradient_that_is_the_same_everywhere_is_not_small(tmp_path: Path) -> None:
    """A critic's outputs get -1/53 each; their spread is what rounding leaves."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    x, y = torch.randn(53, 3), torch.zeros(53)
    record = trained(tmp_path, net, x, y, lambda out, _: -out.mean(), steps=3)
    assert record.series("2", "gradient.std").first < 1e-8
    assert said(record, RULE) == []
