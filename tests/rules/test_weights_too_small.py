"""weights-too-small: what the first weights leave of the signal."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis.gains import IN_USE
from headstart.diagnosis.rules.weights_too_small import A_LAYER, LEFT
from headstart.record import Layer, Record

RULE = "weights-too-small"
RELU, PLAIN = math.sqrt(2 / 64), math.sqrt(1 / 64)  # He et al. 2015, eq. 10, and without an activation


def net(*times: float, last: float = 1.0, skill: float | None = 0.0, **facts: object) -> Record:
    """ReLU layers whose weights have `times` the law's size, and a head with `last` times its own."""
    layers = chain(*(linear(f"fc{i}", **facts) for i, _ in enumerate(times)), head())  # type: ignore[arg-type]
    figures: dict[tuple[str, str], Figure] = {(f"fc{i}.weight", "weight.std"): t * RELU for i, t in enumerate(times)}
    return run(layers, {**figures, ("head.weight", "weight.std"): last * PLAIN}, skill=skill)


def test_behind_all_layers_a_thousandth_may_be_left() -> None:
    finding = told(net(*[(0.98 * LEFT) ** 0.2] * 5), RULE)
    assert finding.evidence[0].figure == "signal_left"
    assert finding.evidence[0].value == pytest.approx(0.98 * LEFT, rel=1e-3)
    assert finding.evidence[0].limit == LEFT
    assert said(net(*[(1.02 * LEFT) ** 0.2] * 5), RULE) == []


@pytest.mark.parametrize("depth", [1, 2])
def test_on_average_a_layer_may_leave_a_twentieth(depth: int) -> None:
    finding = told(net(*[0.98 * A_LAYER] * depth), RULE)
    assert finding.evidence[0].value == pytest.approx((0.98 * A_LAYER) ** depth, rel=1e-3)
    assert finding.evidence[0].limit == pytest.approx(A_LAYER**depth)
    assert said(net(*[1.02 * A_LAYER] * depth), RULE) == []


@pytest.mark.parametrize(("fan_in", "fires"), [(49, True), (51, False)])
def test_a_std_of_a_hundredth_is_too_small_on_fewer_than_50_inputs(fan_in: int, fires: bool) -> None:
    record = run(chain(linear("fc", fan_in), head()), {("fc.weight", "weight.std"): 0.01}, skill=0.0)
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize(("depth", "fires"), [(7, False), (10, True)])
def test_pytorchs_own_start_passes_with_seven_relu_layers_and_not_with_ten(depth: int, fires: bool) -> None:
    std = nn.Linear(64, 4096).weight.std().item()
    assert std == pytest.approx(1 / math.sqrt(3 * 64), rel=0.01)  # of U(-1/√n, 1/√n): 1/√6 = 0.41 of He's
    found = said(net(*[std / RELU] * depth), RULE)
    assert bool(found) is fires
    if found:
        assert figures_of(found[0])["signal_left"] == pytest.approx(6 ** (-depth / 2), rel=0.1)


def test_the_layer_furthest_below_its_law_is_told_and_all_below_it_are_named() -> None:
    finding = told(net(0.1, 1.3, 0.005), RULE)
    assert finding.layer == "fc2"
    assert finding.layers == ("fc0", "fc2")
    assert figures_of(finding)["weight_std"] == pytest.approx(0.005 * RELU, rel=1e-3)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (None, "advice"), (0.0, "error")])
def test_it_is_advice_where_the_run_is_not_known_to_fail(skill: float | None, severity: str) -> None:
    assert told(net(1e-4, skill=skill), RULE).severity == severity


@pytest.mark.parametrize("activation", ["sigmoid", "hardsigmoid", "softplus"])
def test_behind_an_activation_that_is_never_zero_no_signal_dies_out(activation: str) -> None:
    assert said(net(*[0.3] * 9), RULE)
    assert said(net(*[0.3] * 9, activation=activation), RULE) == []


def test_the_last_layer_may_start_small() -> None:
    assert said(net(1.0, last=1e-6), RULE) == []


def test_a_norm_behind_the_layer_brings_any_size_back() -> None:
    assert said(net(1e-3, 1e-3, norm="batch_norm"), RULE) == []


def test_a_norm_on_the_way_starts_the_count_anew() -> None:
    norm = Layer("norm", "LayerNorm", 0, ("norm.weight",), (64,), units=64)
    figures = {(f"{name}.weight", "weight.std"): 0.06 * RELU for name in ("a", "b", "c")}
    assert told(run(chain(linear("a"), linear("b"), linear("c"), head()), figures, skill=0.0), RULE)
    assert said(run(chain(linear("a"), linear("b"), norm, linear("c"), head()), figures, skill=0.0), RULE) == []


def test_a_shortcut_carries_the_signal_past_small_layers() -> None:
    assert said(net(*[0.1] * 6, residual=True), RULE) == []
    assert told(net(*[0.1] * 6), RULE)


def test_weights_that_are_exactly_zero_are_another_question() -> None:
    figures = {("fc.weight", "weight.std"): 0.0, ("fc.weight", "weight.max_abs"): 0.0}
    assert said(run(chain(linear("fc"), head()), figures, skill=0.0), RULE) == []


def test_a_mean_carries_the_signal_where_all_weights_are_the_same() -> None:
    figures = {("fc.weight", "weight.mean"): RELU, ("fc.weight", "weight.std"): 0.0}
    assert said(run(chain(linear("fc"), head()), figures, skill=0.0), RULE) == []


def test_only_the_first_weights_count() -> None:
    figures = {("fc.weight", "weight.std"): lambda step: 1e-6 if step else RELU}
    assert said(run(chain(linear("fc"), head()), figures, skill=0.0), RULE) == []


def test_what_is_left_is_that_of_a_forward_pass(tmp_path: Path) -> None:
    model = nn.Sequential(*(m for _ in range(3) for m in (nn.Linear(512, 512, bias=False), nn.ReLU())))
    for module in model[::2]:
        nn.init.normal_(module.weight, std=0.02 * math.sqrt(2 / 512))
    x = torch.randn(64, 512)
    left = model(x).square().mean().sqrt().item()
    record = trained(tmp_path, nn.Sequential(model, nn.Linear(512, 2)), x, torch.arange(64) % 2, steps=2)
    assert left == pytest.approx(0.02**3, rel=0.15)
    assert figures_of(told(record, RULE))["signal_left"] == pytest.approx(left, rel=0.15)


def test_the_remedy_draws_the_weights_by_the_law() -> None:
    finding = told(net(1e-4), RULE)
    assert finding.remedy is not None
    model = nn.Module()
    model.fc0 = nn.Linear(512, 512)
    exec(finding.remedy.code, {"torch": torch, "model": model})
    assert model.fc0.weight.std().item() == pytest.approx(math.sqrt(2 / 512), rel=0.02)


def test_without_a_trained_weight_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(linear("fc"), head())))


def sigmoids(*shares: float, activation: str = "sigmoid", slope: float = 1 / 4, skill: float = 0.0) -> Record:
    """Layers that leave these shares of the difference between two inputs, at most."""
    return net(*(share / (slope * 8 * RELU) for share in shares), activation=activation, skill=skill)


@pytest.mark.parametrize(("activation", "slope"), [("sigmoid", 1 / 4), ("hardsigmoid", 1 / 6)])
@pytest.mark.parametrize("depth", [2, 3])
def test_sigmoids_may_leave_a_twentieth_of_a_difference_a_layer(depth: int, activation: str, slope: float) -> None:
    finding = told(sigmoids(*[0.98 * A_LAYER] * depth, activation=activation, slope=slope), RULE)
    assert finding.evidence[0].value == pytest.approx((0.98 * A_LAYER) ** depth, rel=1e-3)
    assert said(sigmoids(*[1.02 * A_LAYER] * depth, activation=activation, slope=slope), RULE) == []


def test_one_sigmoid_layer_compounds_nothing() -> None:
    assert said(sigmoids(0.98 * A_LAYER), RULE) == []


def test_a_shortcut_or_a_norm_keeps_inputs_apart() -> None:
    shares = [0.5 * A_LAYER / (8 * RELU / 4)] * 3
    assert told(net(*shares, activation="sigmoid"), RULE)
    assert said(net(*shares, activation="sigmoid", residual=True), RULE) == []
    assert said(net(*shares, activation="sigmoid", norm="batch_norm"), RULE) == []


@pytest.mark.parametrize(("law", "left"), [(1 / math.sqrt(3 * 64), 1 / (4 * math.sqrt(3))), (1 / 8, 1 / 4)])
def test_laws_in_use_pass_with_sigmoids_of_any_depth(law: float, left: float) -> None:
    """PyTorch's own and Glorot's; what they leave of the difference is told by the gradient, where it is lost."""
    assert left > A_LAYER
    assert said(net(*[law / RELU] * 12, activation="sigmoid"), RULE) == []


def test_no_difference_between_two_inputs_is_larger_than_it_says(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = [m for _ in range(2) for m in (nn.Linear(512, 512), nn.Sigmoid())]
    model = nn.Sequential(*layers)
    for module in model[::2]:
        nn.init.normal_(module.weight, std=0.1 / math.sqrt(512))
        nn.init.zeros_(module.bias)
    x = torch.randn(64, 512)
    before, after = ((t[:32] - t[32:]).square().mean().sqrt().item() for t in (x, model(x)))
    record = trained(tmp_path, nn.Sequential(model, nn.Linear(512, 2)), x, torch.arange(64) % 2, steps=2)
    left = figures_of(told(record, RULE))["signal_left"]
    assert left == pytest.approx((0.1 / 4) ** 2, rel=0.05)
    assert after / before == pytest.approx(left, rel=0.1)


@pytest.mark.parametrize(("weights", "fires"), [(1, False), (5, False), (6, True), (64, True)])
def test_of_a_few_weights_all_may_be_small_by_chance(weights: int, fires: bool) -> None:
    std = 0.98 * A_LAYER  # of one input, without an activation
    layer = linear("fc", fan_in=1, units=weights, activation=None)
    record = run(chain(layer, head()), {("fc.weight", "weight.std"): std}, skill=0.0)
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize("weights", [1, 2, 4, 8])
def test_the_bound_of_chance_holds_for_pytorchs_own_draws(weights: int) -> None:
    torch.manual_seed(0)
    drawn = nn.init.uniform_(torch.empty(200_000, weights), -1, 1).square().mean(1).sqrt()
    for own in (0.05, 0.1, 0.2):
        share = (own / IN_USE) ** 2
        assert (drawn < own).double().mean() <= (share * math.exp(1 - share)) ** (weights / 2)


@pytest.mark.parametrize(("ends", "fires"), [(("norm",), False), (("norm", "stem"), True)])
def test_what_a_norm_divides_out_on_every_way_is_no_loss(ends: tuple[str, ...], fires: bool) -> None:
    """A stem, a branch from it, and a norm of both: ConvNeXt draws all its weights with std 0.02."""
    stem, branch = linear("stem", 4), replace(linear("branch"), follows=("stem",))
    norm = replace(linear("norm"), kind="LayerNorm", shape=(64,), follows=("stem", "branch"))
    layers = [stem, branch, norm, replace(head(), follows=ends)]
    record = run(layers, {("stem.weight", "weight.std"): 0.02}, skill=0.0)
    assert bool(said(record, RULE)) is fires
