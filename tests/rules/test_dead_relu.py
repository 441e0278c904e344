"""dead-relu: more than half of the units, to the end, but for those that chance may have drawn dead."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import SGD, Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.dead_relu import CHANCE, DEAD_SHARE, NEARLY_ALL
from headstart.record import Layer, Record

RULE = "dead-relu"
FC1, FC2 = linear("fc1"), linear("fc2")
LOOKS = range(1, 60, 8)
UNITS = 64  # of a layer of tests/records.py


def always(share: float) -> dict[int, float]:
    return dict.fromkeys(LOOKS, share)


def dead(*shares: float | dict[int, float], skill: float | None = 0.0, **facts: object) -> Record:
    """A run whose ReLU layers fc1, fc2, ... have that share of dead units, by step or from the second look on."""
    layers = [linear(f"fc{number}") for number, _ in enumerate(shares, 1)]
    figures: dict[tuple[str, str], Figure] = {}
    for layer, share in zip(layers, shares, strict=True):
        figures[layer.name, "activation.dead"] = share if isinstance(share, dict) else {**always(share), 1: 0.0}
        figures[layer.name, "activation.zeros"] = 0.97
    return run(chain(*layers, head()), figures, skill=skill, **facts)  # type: ignore[arg-type]


def test_more_than_half_of_the_units_are_too_many() -> None:
    finding = told(dead(DEAD_SHARE + 1 / 64), RULE)
    assert finding.layer == "fc1"
    assert figures_of(finding) == {"dead_share": 33 / 64, "zeros": pytest.approx(0.97)}
    assert finding.evidence[0].limit == DEAD_SHARE
    assert said(dead(DEAD_SHARE), RULE) == []


@pytest.mark.parametrize(
    ("skill", "share", "severity"),
    [
        (0.9, NEARLY_ALL, "advice"),
        (0.9, NEARLY_ALL + 0.01, "error"),
        (None, NEARLY_ALL, "warning"),
        (None, NEARLY_ALL + 0.01, "error"),
        (0.0, DEAD_SHARE + 0.01, "error"),
    ],
)
def test_it_is_an_error_where_nearly_all_are_dead_or_the_run_fails(
    skill: float | None, share: float, severity: str
) -> None:
    assert told(dead(share, skill=skill), RULE).severity == severity


def test_where_no_skill_is_known_a_loss_that_falls_makes_it_advice() -> None:
    assert told(dead(NEARLY_ALL, skill=None, loss=lambda step: -step), RULE).severity == "advice"
    assert (
        told(dead(NEARLY_ALL, skill=None, loss=lambda step: max(-step, -25)), RULE).severity == "advice"
    )  # to its end
    assert told(dead(NEARLY_ALL, skill=None, loss=lambda step: step), RULE).severity == "warning"
    assert told(dead(NEARLY_ALL + 0.01, skill=None, loss=lambda step: -step), RULE).severity == "error"


def test_the_layer_with_the_most_dead_units_is_told_and_all_are_named() -> None:
    finding = told(dead(0.6, 0.9, 0.4, 0.7), RULE)
    assert finding.layer == "fc2"
    assert finding.layers == ("fc1", "fc2", "fc4")


def test_a_share_that_falls_below_the_limit_again_is_none() -> None:
    assert said(dead({3: 0.9, 11: 0.9, 43: 0.8, 59: 0.4}), RULE) == []
    assert said(dead({3: 0.9, 11: 0.9, 43: 0.4, 59: 0.8}), RULE) == []
    assert told(dead({3: 0.9, 11: 0.4, 43: 0.8, 59: 0.8}), RULE).layer == "fc1"


def test_one_look_is_too_few() -> None:
    assert said(dead({59: 1.0}), RULE) == []
    assert told(dead({51: 1.0, 59: 1.0}), RULE).layer == "fc1"


def test_the_nets_output_may_be_zero() -> None:
    out = replace(head(), activation="relu")
    assert said(run(chain(FC1, out), {("head", "activation.dead"): 1.0}, skill=0.0), RULE) == []


def shut(share: float = 1.0, gradient: Figure = 0.0, loss: float = 1.0) -> Record:
    """A run of which no skill is known, whose output is a ReLU."""
    out = replace(head(), activation="relu")
    figures: dict[tuple[str, str], Figure] = {("head", "activation.dead"): share}
    figures |= {(f"{layer}.weight", "weight_gradient.max_abs"): gradient for layer in ("fc1", "head")}
    return run(chain(FC1, out), figures, loss=loss)


def test_an_output_that_is_zero_and_costs_the_run_all_gradients_is_dead() -> None:
    finding = told(shut(gradient={step: float(step < 40) for step in range(60)}), RULE)
    assert (finding.layer, finding.severity) == ("head", "error")
    assert said(shut(gradient={step: float(step < 41) for step in range(60)}), RULE) == []
    assert said(shut(share=0.98), RULE) == []
    assert said(shut(loss=0.0), RULE) == []  # zero is the answer


class Outputs(nn.Module):
    """Three numbers given back through a ReLU, the first of them dead from the start."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(3, 3)
        with torch.no_grad():
            self.last.weight.copy_(torch.eye(3))
            self.last.bias.copy_(torch.tensor([-9.0, 0.1, 0.1]))

    def forward(self, x: Tensor) -> Tensor:
        return self.last(x).relu()


@pytest.mark.parametrize(("rare", "found"), [(1.0, True), (0.6, True), (0.2, False)])
def test_an_output_that_is_dead_is_told_if_its_targets_are_not_zero(rare: float, found: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    x = torch.rand(200, 3) + 0.5
    y = x * (torch.rand(200, 1) < rare)
    findings = said(trained(tmp_path, Outputs(), x, y, nn.functional.mse_loss, steps=60, lr=1e-3), RULE)
    assert [one.message[:4] for one in findings] == ["33 %"] * found
    if found:
        assert "from the start" in findings[0].cause
        assert findings[0].remedy is not None
        assert findings[0].remedy.name == "linear-output"


@pytest.mark.parametrize("target", [-1.0, 0.0, 1.0])
def test_a_relu_in_front_of_the_loss_is_shut_by_targets_below_zero(target: float, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(8, 16), nn.Tanh(), nn.Linear(16, 1), nn.ReLU())
    x, y = torch.randn(64, 8), torch.full((64, 1), target)
    found = said(trained(tmp_path, net, x, y, nn.functional.mse_loss, steps=120, lr=0.5), RULE)
    assert bool(found) is (target < 0)


def test_units_that_die_later_are_told_from_the_look_that_shows_it() -> None:
    finding = told(dead({3: 0.1, 11: 0.3, 19: 0.7, 51: 0.8, 59: 0.8}), RULE)
    assert finding.step == 19
    assert finding.evidence[0].steps == (19, 59)
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("torch.optim.SGD(model.parameters(), lr=0.01)")


def test_they_are_dated_by_the_layer_that_died_first() -> None:
    early, late = ({step: float(step >= date) for step in range(0, 60, 4)} for date in (8, 40))
    finding = told(dead({step: 0.9 * share for step, share in early.items()}, late), RULE)
    assert (finding.layer, finding.step) == ("fc2", 8)
    assert finding.evidence[0].steps == (40, 56)


def test_units_that_start_dead_are_told_from_the_first_step_and_cured_by_their_bias() -> None:
    finding = told(dead(always(0.8)), RULE)
    assert finding.step == 0
    assert finding.remedy is not None
    model = nn.Module()
    model.fc1 = nn.Linear(4, 4)
    nn.init.constant_(model.fc1.bias, -10.0)
    exec(finding.remedy.code, {"torch": torch, "model": model})
    assert not model.fc1.bias.any()


def test_where_the_bias_starts_at_zero_the_weights_are_to_be_drawn_anew() -> None:
    layers = chain(FC1, head())
    figures: dict[tuple[str, str], Figure] = {
        ("fc1", "activation.dead"): always(0.8),
        ("fc1.bias", "weight.max_abs"): 0.0,
    }
    remedy = told(run(layers, figures, skill=0.0), RULE).remedy
    assert remedy is not None
    assert remedy.code == 'torch.nn.init.kaiming_normal_(model.fc1.weight, nonlinearity="relu")'


def test_behind_a_module_the_bias_is_that_of_the_layer_in_front() -> None:
    relu = Layer("relu", "ReLU", 0, activation="relu", units=64)
    record = run(chain(FC1, relu, head()), {("relu", "activation.dead"): dict.fromkeys(LOOKS, 0.8)}, skill=0.0)
    remedy = told(record, RULE).remedy
    assert remedy is not None
    assert remedy.code == "torch.nn.init.zeros_(model.fc1.bias)"


@pytest.mark.parametrize("optimizers", [(), (replace(SGD, options={}),)])
def test_without_a_known_rate_the_remedy_is_a_relu_that_cannot_die(optimizers: tuple) -> None:
    remedy = told(dead({3: 0.1, 51: 0.8, 59: 0.8}, optimizers=optimizers), RULE).remedy
    assert remedy is not None
    assert remedy.name == "leaky-relu"
    assert not remedy.safe


def test_what_is_dead_at_the_start_may_be_half_by_chance() -> None:
    most = 0.5 + CHANCE / (2 * math.sqrt(UNITS))
    assert said(dead(always(most)), RULE) == []
    assert told(dead(always(most + 1 / UNITS)), RULE).layer == "fc1"
    assert told(dead(always(1.0)), RULE).severity == "error"


def test_without_the_number_of_units_chance_has_no_part() -> None:
    relu = Layer("relu", "ReLU", 0, activation="relu")
    shares = [run(chain(FC1, relu, head()), {("relu", "activation.dead"): always(s)}, skill=0.0) for s in (0.5, 0.51)]
    assert [len(said(record, RULE)) for record in shares] == [0, 1]


@pytest.mark.parametrize("before", [0.0, 0.25, 0.5])
def test_of_those_alive_at_the_start_more_than_half_are_too_many(before: float) -> None:
    half = before + DEAD_SHARE * (1 - before)
    assert said(dead({**always(half), 1: before}), RULE) == []
    finding = told(dead({**always(half + 1 / UNITS), 1: before}), RULE)
    assert finding.step == 9
    assert "torch.optim" in finding.remedy.code  # type: ignore[union-attr]


@pytest.mark.parametrize("features", [1, 3])
def test_a_unit_and_its_negative_are_never_both_dead(features: int) -> None:
    """Whatever the inputs: so that of a law that draws both as likely at most half are, on average."""
    torch.manual_seed(0)
    inputs, layer = torch.rand(200, features), nn.Linear(features, 500)
    out = layer(inputs).detach()
    assert not ((out.max(0).values <= 0) & ((-out).max(0).values <= 0)).any()


def test_half_of_the_units_on_one_positive_column_are_let_pass(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(1, 64), nn.ReLU(), nn.Linear(64, 2))
    with torch.no_grad():
        net[0].bias.zero_()
        net[0].weight.abs_()[:40] *= -1
    record = trained(tmp_path, net, torch.rand(64, 1), torch.arange(64) % 2, steps=30)
    assert record.series("1", "activation.dead").last == 40 / 64
    assert said(record, RULE) == []


def test_45_of_64_units_are_counted_and_44_are_let_pass(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 2))
    with torch.no_grad():
        net[0].bias.zero_()[:44] = -1000.0
        net[2].bias.zero_()[:45] = -1000.0
    finding = told(trained(tmp_path, net, torch.randn(64, 20), torch.arange(64) % 2, steps=30), RULE)
    assert finding.layers == ("3",)
    assert figures_of(finding)["dead_share"] == 45 / 64


def test_without_a_look_at_the_units_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(FC1, FC2, head()), {("fc1", "activation.zeros"): 1.0}))
