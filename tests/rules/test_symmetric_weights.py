"""symmetric-weights: units that start as copies and stay so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import Figure, chain, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.symmetric_weights import DISTINCT, STEPS
from headstart.record import Layer, Record

RULE = "symmetric-weights"
LOOKS = (0, 1, 2, 4, 8, 16, 32)


def distinct(units: float | dict[int, float], layer: Layer | None = None, **facts: object) -> Record:
    """A layer of 64 units with that many different ones, always or by step, and a head behind it."""
    layer = layer or linear("fc")
    figures: Figure = units if isinstance(units, dict) else dict.fromkeys(LOOKS, units)
    return run(chain(layer, head()), {(layer.parameters[0], "weight.distinct"): figures}, **facts)  # type: ignore[arg-type]


def test_a_layer_of_copies_is_an_error_however_the_run_goes() -> None:
    for skill in (0.0, None, 0.9):
        finding = told(distinct(1, skill=skill), RULE)
        assert finding.severity == "error"
        assert finding.layers == ("fc",)
        assert finding.step == 0
        assert [(e.figure, e.value, e.steps) for e in finding.evidence] == [
            ("distinct_units", 1, (0,)),
            ("distinct_units", 1, (32,)),
        ]


def test_at_most_half_as_many_different_units_are_a_warning() -> None:
    finding = told(distinct(64 * DISTINCT), RULE)
    assert finding.severity == "warning"
    assert finding.evidence[0].value == 32
    assert said(distinct(64 * DISTINCT + 1), RULE) == []


@pytest.mark.parametrize(("units", "different", "fires"), [(2, 1, True), (2, 2, False), (3, 1, True), (3, 2, False)])
def test_of_two_or_three_units_all_must_be_copies(units: int, different: int, fires: bool) -> None:
    assert bool(said(distinct(different, linear("fc", units=units)), RULE)) is fires


def test_the_looks_must_lie_some_steps_apart() -> None:
    assert said(distinct({0: 1, STEPS - 1: 1}), RULE) == []
    assert told(distinct({0: 1, STEPS: 1}), RULE).layer == "fc"
    assert said(distinct({0: 1}), RULE) == []


def test_units_that_are_no_numbers_are_no_copies() -> None:
    figures: dict[tuple[str, str], Figure] = {
        ("fc.weight", "weight.distinct"): dict.fromkeys(LOOKS[-3:], 1.0),
        ("fc.weight", "weight.not_finite"): 1.0,
    }
    assert said(run(chain(linear("fc"), head()), figures), RULE) == []
    figures["fc.weight", "weight.not_finite"] = lambda step: float(step > LOOKS[-3])
    assert told(run(chain(linear("fc"), head()), figures), RULE).layer == "fc"


def test_units_that_differ_after_a_few_steps_are_none() -> None:
    assert said(distinct({0: 1, 1: 1, 2: 64, 4: 64, 8: 64}), RULE) == []


def test_the_last_layer_may_start_from_copies() -> None:
    layers = chain(linear("fc"), head())
    looks = {("fc.weight", "weight.distinct"): {0: 64, 8: 64}, ("head.weight", "weight.distinct"): {0: 1, 8: 1}}
    assert said(run(layers, looks, skill=0.0), RULE) == []


def test_one_unit_is_no_copy() -> None:
    assert said(distinct(1, linear("fc", units=1)), RULE) == []


def test_a_frozen_layer_is_no_fault_of_training() -> None:
    assert said(distinct(1, frozen=["fc"]), RULE) == []


def test_equal_filters_of_different_channels_are_none() -> None:
    first = replace(linear("stem", 9, 16), kind="Conv2d", shape=(16, 1, 3, 3))
    depthwise = replace(linear("blur", 9, 16), kind="Conv2d", shape=(16, 1, 3, 3))
    looks = {("stem.weight", "weight.distinct"): {0: 16, 8: 16}, ("blur.weight", "weight.distinct"): {0: 1, 8: 1}}
    assert said(run(chain(first, depthwise, head()), looks), RULE) == []


def test_it_is_told_of_the_first_layer_and_all_are_named() -> None:
    layers = chain(linear("a"), linear("b"), linear("c"), head())
    looks = {
        (f"{name}.weight", "weight.distinct"): {0: units, 8: units}
        for name, units in {"a": 64, "b": 1, "c": 1}.items()
    }
    assert told(run(layers, looks), RULE).layers == ("b", "c")


def test_copies_get_the_same_gradient_so_that_training_never_parts_them(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Linear(10, 16), nn.Tanh(), nn.Linear(16, 12), nn.Tanh(), nn.Linear(12, 2))
    for parameter in net[0].parameters():
        nn.init.constant_(parameter, 0.1)
    nn.init.constant_(net[2].weight, 0.1)
    record = trained(tmp_path, net, torch.randn(32, 10), torch.arange(32) % 2, steps=20, lr=0.5)
    assert len(torch.unique(net[0].weight, dim=0)) == 1
    assert len(torch.unique(net[2].weight, dim=0)) > 1  # its units go on to different weights of the head
    copies, parted = said(record, RULE)
    assert (copies.severity, copies.layers) == ("error", ("0",))
    assert [(evidence.value, evidence.of) for evidence in copies.evidence] == [(1, 16), (1, 16)]
    assert (parted.layers, parted.evidence[0].value) == (("2",), 1)


@pytest.mark.parametrize("skill", [0.0, None, 0.9])
def test_copies_of_a_row_that_is_not_zero_are_told_though_they_part(skill: float | None) -> None:
    parts: Figure = {0: 1, 1: 64, 8: 64}
    sizes = {"at 0.1": 0.1, "at zero": 0.0}
    for name, size in sizes.items():
        figures = {("fc.weight", "weight.distinct"): parts, ("fc.weight", "weight.max_abs"): size}
        found = said(run(chain(linear("fc"), head()), figures, skill=skill), RULE)
        assert [one.severity for one in found] == (["advice" if skill else "warning"] if name == "at 0.1" else [])


@pytest.mark.parametrize("layer", [nn.Linear(1, 16), nn.Linear(3, 16)])
def test_a_layer_of_few_inputs_is_judged(tmp_path: Path, layer: nn.Linear) -> None:
    for parameter in layer.parameters():
        nn.init.constant_(parameter, 0.1)
    net = nn.Sequential(layer, nn.Tanh(), nn.Linear(16, 2))
    nn.init.constant_(net[2].weight, 0.1)
    record = trained(tmp_path, net, torch.randn(32, layer.in_features), torch.arange(32) % 2, steps=20, lr=0.5)
    assert told(record, RULE).layers == ("0",)


class Turned(nn.Module):
    """A weight that is used as x @ w and holds equal rows, or both ways."""

    def __init__(self, both: bool) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.randn(1, 12).repeat(20, 1))
        self.head = nn.Linear(20 if both else 12, 2)
        self.both = both

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(x @ self.w)
        return self.head(torch.tanh(h @ self.w.T) if self.both else h)


@pytest.mark.parametrize("both", [False, True])
def test_equal_inputs_of_a_unit_are_no_copies_of_units(tmp_path: Path, both: bool) -> None:
    record = trained(tmp_path, Turned(both), torch.randn(32, 20), torch.arange(32) % 2, steps=20, lr=0.5)
    assert [one for one in diagnose(record).findings if one.rule == RULE] == []


def test_two_layers_without_weights_that_feed_each_other_come_to_an_end() -> None:
    act, pool = replace(linear("act"), parameters=(), follows=("fc1", "pool")), linear("pool")
    pool = replace(pool, parameters=(), follows=("act",))
    layers = [linear("fc1"), act, pool, replace(linear("fc2"), follows=("pool",)), replace(head(), follows=("fc2",))]
    assert Case.of(run(layers, {}, skill=0.0)).flow.feeding("fc2") == {"fc1"}


class Row(nn.Module):
    """Three hidden layers; `zero`: those whose weights start at zero, with biases as torch draws them."""

    def __init__(self, zero: tuple[int, ...], shortcut: bool) -> None:
        super().__init__()
        self.hidden = nn.ModuleList(nn.Linear(6, 6) for _ in range(3))
        self.head, self.shortcut = nn.Linear(6, 2), shortcut
        for number in zero:
            nn.init.zeros_(self.hidden[number].weight)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in self.hidden:
            x = layer(x).tanh() + x if self.shortcut else layer(x).tanh()
        return self.head(x)


@pytest.mark.parametrize(
    ("zero", "shortcut", "fires"),
    [((0, 1), False, True), ((1, 2), False, True), ((0, 2), False, False), ((1, 2), True, False)],
)
def test_two_layers_of_zeros_in_a_row_let_nothing_through(
    tmp_path: Path, zero: tuple[int, ...], shortcut: bool, fires: bool
) -> None:
    torch.manual_seed(0)
    x = torch.randn(64, 6)
    record = trained(
        tmp_path, Row(zero, shortcut), x, (x[:, 0] > 0).long(), nn.functional.cross_entropy, steps=30, lr=0.1
    )
    findings = [one for one in said(record, RULE) if "nothing of the inputs passes" in one.message]
    assert [one.layers for one in findings] == [tuple(f"hidden.{number}" for number in zero)] * fires


def test_the_remedy_makes_all_units_different() -> None:
    remedy = told(distinct(1), RULE).remedy
    assert remedy is not None
    model = nn.Module()
    model.fc = nn.Linear(64, 64)
    nn.init.zeros_(model.fc.weight)
    exec(remedy.code, {"torch": torch, "model": model})
    assert len(torch.unique(model.fc.weight, dim=0)) == 64


def test_where_no_units_could_be_told_apart_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(linear("fc"), head())))


class Product(nn.Module):
    """Two factors, LoRA's A and B."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.A = nn.Parameter(a * torch.randn(6, 3))
        self.B = nn.Parameter(b * torch.randn(3, 6))
        self.bias = nn.Parameter(torch.zeros(6))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x @ self.A @ self.B + self.bias


class Match(nn.Module):
    """How well one thing fits to another."""

    def __init__(self, a: float, b: float) -> None:
        super().__init__()
        self.product = Product(a, b)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return (self.product(x) * x.flip(1)).sum(1)


@pytest.mark.parametrize(("a", "b", "fires"), [(0.0, 0.0, True), (1.0, 0.0, False), (0.0, 1.0, False)])
def test_two_factors_that_are_both_zero_stay_so(tmp_path: Path, a: float, b: float, fires: bool) -> None:
    x, y = torch.randn(32, 6), (torch.arange(32) % 2).float()
    record = trained(tmp_path, Match(a, b), x, y, nn.functional.binary_cross_entropy_with_logits, lr=0.1)
    found = said(record, RULE)
    assert [finding.severity for finding in found] == ["error"] * fires
    assert all("product.A, product.B" in finding.message for finding in found)


class Factorisation(nn.Module):
    """Ratings of items by users."""

    def __init__(self, users: float, items: float, width: int = 3) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.users, self.items = nn.Embedding(8, 3), nn.Embedding(8, 3)
        self.others = nn.Embedding(8, width)
        self.bias = nn.Embedding(8, 1)
        for table, scale in ((self.users, users), (self.items, items), (self.others, 0.0), (self.bias, 1.0)):
            table.weight.data.mul_(scale)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        user, item = x.unbind(1)
        return (self.users(user) * self.items(item)).sum(1) + self.bias(user)[:, 0] + 0 * self.others(item).sum(1)


@pytest.mark.parametrize(("users", "items", "fires"), [(0.0, 0.0, True), (1.0, 0.0, False), (0.0, 1.0, False)])
def test_two_tables_of_factors_that_are_both_zero_stay_so(
    tmp_path: Path, users: float, items: float, fires: bool
) -> None:
    x = torch.stack([torch.arange(64) % 8, torch.arange(64) // 8], 1)
    model = Factorisation(users, items, width=1)  # the third is zero and gets no gradient, but is no factor's partner
    for y, lr in (((x[:, 0] % 4).float(), 2.0), ((x.sum(1) % 2).float(), 0.1)):  # its bias learns much, or nothing
        (tmp_path / str(lr)).mkdir()
        found = said(trained(tmp_path / str(lr), model, x, y, nn.functional.mse_loss, lr=lr, steps=60), RULE)
        assert [finding.severity for finding in found] == ["error"] * fires
        assert all("users.weight, items.weight" in finding.message for finding in found)


@pytest.mark.parametrize(("skill", "fires"), [(0.0, True), (0.9, False), (None, False)])
def test_any_two_that_are_stuck_at_zero_are_told_where_the_run_does_not_learn(
    skill: float | None, fires: bool
) -> None:
    zeros = {
        (f"{name}.weight", f): 0.0 for name in ("up", "down") for f in ("weight.max_abs", "weight_gradient.max_abs")
    }
    layers = chain(linear("fc"), linear("up"), linear("down"), head())
    record = run(layers, {("fc.weight", "weight.distinct"): dict.fromkeys(LOOKS, 64), **zeros}, skill=skill)
    found = said(record, RULE)
    assert [finding.layers for finding in found] == [("up", "down")] * fires


@pytest.mark.parametrize("table", [nn.EmbeddingBag(20, 8, mode="sum"), nn.Embedding(20, 8)])
@pytest.mark.parametrize("value", [0.05, None])
def test_the_columns_of_a_table_are_units(tmp_path: Path, table: nn.Module, value: float | None) -> None:
    model = nn.Sequential(table, nn.Flatten(), nn.Tanh(), nn.LazyLinear(1))
    words = torch.randint(0, 20, (64, 5))
    model(words)
    nn.init.constant_(model[-1].weight, 0.05)
    nn.init.normal_(table.weight) if value is None else nn.init.constant_(table.weight, value)
    record = trained(tmp_path, model, words, words[:, :1].float(), nn.functional.mse_loss, steps=40)
    found = said(record, RULE)
    assert [one.layer for one in found] == ([] if value is None else ["0"])
