"""activations-vanish: what the last layers get, beside what the first ones give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules.activations_vanish import LEFT
from headstart.record import Record

RULE = "activations-vanish"


def net(*stds: Figure, skill: float | None = 0.0, last: Figure = 1.0, **facts: object) -> Record:
    """Layers whose outputs have these stds, the last of them with `facts`, and a head."""
    front = [linear(f"fc{i}") for i in range(len(stds) - 1)]
    layers = chain(*front, linear(f"fc{len(stds) - 1}", **facts), head())  # type: ignore[arg-type]
    figures = {(f"fc{i}", "activation.std"): std for i, std in enumerate(stds)}
    return run(layers, {**figures, ("head", "activation.std"): last}, skill=skill)


def test_a_thousandth_of_what_the_first_layer_gives_may_be_left() -> None:
    finding = told(net(2.0, 0.5, 0.99 * 2 * LEFT), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "fc2", 0)
    assert figures_of(finding)["signal_ratio"] == pytest.approx(0.99 * LEFT)
    assert said(net(2.0, 0.5, 1.01 * 2 * LEFT), RULE) == []


def test_the_layer_with_the_least_is_told_and_all_are_named() -> None:
    finding = told(net(1.0, 1e-4, 1e-6), RULE)
    assert (finding.layer, finding.layers) == ("fc2", ("fc1", "fc2"))
    assert finding.remedy is not None
    assert "fc1" in finding.remedy.code


def test_a_signal_that_comes_back_is_left_alone() -> None:
    assert said(net(1.0, lambda step: 1e-6 if step < 30 else 1.0), RULE) == []
    assert told(net(1.0, lambda step: 1.0 if step < 30 else 1e-6), RULE).step == 30


@pytest.mark.parametrize("skill", [0.9, None])
def test_it_speaks_only_of_a_run_that_is_known_to_fail(skill: float | None) -> None:
    record = net(1.0, 1e-9, skill=skill)
    assert RULE not in {one.rule for one in diagnose(record).findings}
    if skill is None:
        assert RULE in unjudged(record)


def test_a_head_or_a_branch_may_start_small() -> None:
    assert said(net(1.0, 1.0, last=1e-9), RULE) == []
    assert said(net(1.0, 1e-9, residual=True), RULE) == []


def test_a_norm_behind_the_layer_brings_any_size_back() -> None:
    assert said(net(1.0, 1e-9, norm="layer_norm"), RULE) == []


def test_outputs_of_nothing_but_zero_are_another_question() -> None:
    assert said(net(1.0, 0.0), RULE) == []


def test_weights_that_are_too_small_explain_it() -> None:
    layers = chain(linear("fc0"), linear("fc1"), head())
    figures = {("fc0", "activation.std"): 1.0, ("fc1", "activation.std"): 1e-5, ("fc1.weight", "weight.std"): 1e-6}
    (root,) = diagnose(run(layers, figures, skill=0.0)).findings
    assert root.rule == "weights-too-small"
    assert RULE in {one.rule for one in root.explains}


def test_a_factor_in_the_forward_pass_is_seen(tmp_path: Path) -> None:
    class Net(nn.Module):
        def __init__(self, factor: float) -> None:
            super().__init__()
            self.layers = nn.ModuleList(nn.Linear(64, 64, bias=False) for _ in range(3))
            for layer in self.layers:
                nn.init.orthogonal_(layer.weight)
            self.head = nn.Linear(64, 2)
            self.factor = factor

        def forward(self, x: Tensor) -> Tensor:
            for layer in self.layers:
                x = self.factor * layer(x)
            return self.head(x)

    x, y = torch.randn(128, 64), torch.arange(128) % 2
    looks: Callable[[float], Record] = lambda f: trained(tmp_path / str(f), Net(f), x, y, steps=24)  # noqa: E731
    assert figures_of(told(looks(0.02), RULE))["signal_ratio"] == pytest.approx(0.02**2, rel=0.05)
    assert said(looks(0.04), RULE) == []


def test_without_layers_it_is_not_judged() -> None:
    assert RULE in unjudged(run(skill=0.0))
