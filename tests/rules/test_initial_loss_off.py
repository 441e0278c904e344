"""initial-loss-off: the first cross-entropy of a fresh classifier against that of guessing."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import COIN, Figure, chain, figures_of, flat, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F
from training import trained

import headstart as hs
from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.fresh import BATCHES, CHANCE, starts_fresh
from headstart.diagnosis.rules.initial_loss_off import ANY, SPREAD, TIMES
from headstart.record import Layer, Loss, Mode, Record, Targets

RULE = "initial-loss-off"
NET = chain(linear("fc1"), head())
PLAIN = replace(COIN, options={"classes": 2}, made_by="addmm", shape=(50, 2), target_shape=(50,))
GUESS = math.log(2)


def begins(
    times: float = 2 * TIMES, loss: Loss = PLAIN, layers: tuple[Layer, ...] = NET, accuracy: float | None = None
) -> Record:
    """A run whose first loss is `times` that of guessing, and whose later ones are not."""
    figures: dict[tuple[str, str], Figure] = {("head", "activation.std"): 9.0}
    record = run(layers, figures, losses=[(loss, lambda step: GUESS / 9 if step else times * GUESS)])
    record._loss_rows = [(s, n, p, v, accuracy) for s, n, p, v, _ in record._loss_rows]
    return record


def test_a_first_loss_of_twice_that_of_guessing_is_too_much() -> None:
    finding = told(begins(1.01 * TIMES), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("advice", "head", 0)
    assert figures_of(finding) == {
        "first_loss": pytest.approx(1.01 * TIMES * GUESS),
        "guess": pytest.approx(GUESS),
        "output_std": 9.0,
    }
    assert said(begins(0.99 * TIMES), RULE) == []


def test_a_first_loss_that_is_not_finite_is_another_question() -> None:
    assert said(begins(math.inf), RULE) == []
    assert said(begins(math.nan), RULE) == []


@pytest.mark.parametrize(
    "facts",
    [
        {"options": {"classes": 2, "weight": [1.0, 5.0]}},
        {"options": {"classes": 2, "label_smoothing": 0.1}},
        {"options": {"classes": 1}},
        {"target_shape": (50, 2)},
        {"made_by": "div"},
        {"made_by": "mul"},
        {"made_by": None},
        {"made_by": "softmax", "softmax_axis": 1},
        {"softmax_axis": 0},
        {"class_axis_lost": True},
        {"trained": False},
        {"kind": "nll_loss"},
        {"kind": "nll_loss", "made_by": "log_softmax", "log_mass": 3.0},
    ],
)
def test_of_any_other_loss_ln_c_is_not_the_measure(facts: dict[str, object]) -> None:
    assert said(begins(loss=replace(PLAIN, **facts)), RULE) == []  # type: ignore[arg-type]


def test_log_softmax_and_nll_loss_are_the_same_loss() -> None:
    assert told(
        begins(loss=replace(PLAIN, kind="nll_loss", made_by="log_softmax", softmax_axis=1, log_mass=0.0)), RULE
    )


def test_of_several_losses_none_is_judged() -> None:
    second = replace(PLAIN, name="cross_entropy at train.py:10")
    both = run(NET, losses=[(PLAIN, 5.0), (second, 5.0)])
    assert said(both, RULE) == []
    assert told(run(NET, losses=[(PLAIN, 5.0), (replace(second, trained=False), 5.0)]), RULE)


def test_of_several_outputs_none_is_judged() -> None:
    assert said(begins(layers=(*NET, replace(NET[1], name="second"))), RULE) == []


def test_of_a_head_that_shares_its_weights_with_an_embedding_the_head_is_told() -> None:
    embed = Layer("embed", "Embedding", 0, ("embed.weight",), (2, 64), 64, 2, 64, output=True)
    tied = replace(NET[1], parameters=("embed.weight",), output=False)
    assert told(begins(layers=(embed, NET[0], tied)), RULE).layer == "head"


def test_a_net_that_knows_more_than_chance_goes_on_from_another_run() -> None:
    usual = 0.5 + CHANCE * math.sqrt(0.25 / 50) + 1 / 50
    assert told(begins(accuracy=usual - 0.01), RULE)
    assert said(begins(accuracy=usual + 0.01), RULE) == []


def fresh(record: Record) -> bool:
    return starts_fresh(Case.of(record))


def test_frozen_parts_have_been_trained() -> None:
    assert fresh(run(NET))
    assert not fresh(run(NET, frozen=["fc1"]))


def test_a_norm_starts_as_one_and_has_seen_no_batches() -> None:
    norm = Layer("norm", "BatchNorm2d", 0, ("norm.weight",), (64,), units=64)
    layers = chain(linear("fc1"), norm, head())
    assert fresh(run(layers, {("norm.weight", "weight.std"): lambda step: 0.1 * step}))
    assert not fresh(run(layers, {("norm.weight", "weight.std"): 0.1}))
    seen = run(layers, {("norm", "norm.batches"): lambda step: step + BATCHES})
    more = run(layers, {("norm", "norm.batches"): lambda step: step + BATCHES + 1})
    seen.modes = more.modes = (Mode("norm", "BatchNorm2d", tracks=True),)
    assert fresh(seen)
    assert not fresh(more)


def test_a_fresh_bias_lies_within_its_law_or_is_one_number() -> None:
    def bias(std: float, most: float) -> Record:
        return run(NET, {("fc1.bias", "weight.std"): std, ("fc1.bias", "weight.max_abs"): most})

    assert fresh(bias(0.07, 0.125))  # 1/√64
    assert not fresh(bias(0.07, 0.13))
    assert fresh(bias(0.0, 5.0))


def test_what_is_more_fundamental_explains_it() -> None:
    losses = [(PLAIN, lambda step: 0.5 if step else 9.0)]
    record = run(chain(linear("fc1", activation=None), head()), {("fc1.weight", "weight.std"): 2.0}, losses=losses)
    (root,) = diagnose(record).findings
    assert root.rule == "weights-too-large"
    assert [one.rule for one in root.explains] == [RULE]


@pytest.mark.parametrize(("std", "fires"), [(1.0, True), (None, False)])
def test_the_loss_is_that_of_the_first_batch(std: float | None, fires: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(64, 10))
    if std:
        nn.init.normal_(net[0].weight, std=std)
    x, y = torch.randn(4096, 64), torch.randint(0, 10, (4096,))
    first = nn.functional.cross_entropy(net(x), y).item()
    found = said(trained(tmp_path, net, x, y), RULE)
    assert bool(found) is fires
    if std:
        assert figures_of(found[0])["first_loss"] == pytest.approx(first)
        assert figures_of(found[0])["output_std"] == pytest.approx(8 * std, rel=0.1)
        assert first == pytest.approx(5.4 * math.log(10), rel=0.05)  # the page's figure


def test_check_sees_it_in_one_batch_and_its_remedy_cures() -> None:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 10))
    nn.init.normal_(model[2].weight)
    batch = (torch.randn(128, 20), torch.randint(0, 10, (128,)))
    (finding,) = hs.check(model, batch).findings
    assert finding.rule == RULE
    assert finding.remedy is not None
    exec(finding.remedy.code, {"torch": torch, "model": model})
    assert hs.check(model, batch).findings == ()


N = 50
MATCHES = replace(
    COIN,
    options={"classes": N},
    made_by="div",
    shape=(N, N),
    target_shape=(N,),
    targets=Targets(60 * N, (60.0,) * N),
)
TOWERS = (replace(head("left"), units=8), replace(head("right"), units=8))


def matching(
    times: float = 1.01 * TIMES, later: float = 1.0, accuracy: float | None = None, **facts: object
) -> Record:
    """Which of N goes with which: the first loss is `times` that of guessing, later ones `later` times."""
    guess = math.log(N)
    loss = replace(MATCHES, **facts)  # type: ignore[arg-type]
    record = run(TOWERS, losses=[(loss, lambda step: later * guess if step else times * guess)])
    record._loss_rows = [(s, n, p, v, accuracy) for s, n, p, v, _ in record._loss_rows]
    return record


def test_to_guess_who_goes_with_whom_in_a_batch_costs_its_logarithm() -> None:
    finding = told(matching(), RULE)
    assert (finding.severity, finding.layers) == ("warning", ("left", "right"))
    assert figures_of(finding)["guess"] == pytest.approx(math.log(N))
    assert said(matching(accuracy=0.5), RULE)  # two views of one sample are alike before anything is trained
    assert said(matching(0.99 * TIMES), RULE) == []
    assert said(matching(0.99 * ANY, later=0.5), RULE) == []  # it learns: a low temperature is a choice
    assert told(matching(1.01 * ANY, later=0.5), RULE).severity == "advice"  # as low as that is none in use


def test_the_lowest_temperature_in_use_stays_below_what_no_temperature_gives() -> None:
    torch.manual_seed(0)
    for width in (16, 32, 128):
        for size in (32, 128, 512):
            a, b = (nn.functional.normalize(torch.randn(size, width), dim=1) for _ in range(2))
            loss = nn.functional.cross_entropy(a @ b.T / 0.01, torch.arange(size)).item()
            assert loss < ANY * math.log(size)


@pytest.mark.parametrize(
    "facts",
    [
        {"targets": Targets(60 * N, (61.0, 59.0, *(60.0,) * (N - 2)))},
        {"shape": (2 * N, N), "target_shape": (2 * N,)},
        {"made_by": "softmax"},
        {"options": {"classes": N, "label_smoothing": 0.1}},
    ],
)
def test_classes_that_are_not_the_batch_may_stand_behind_a_scale(facts: dict[str, object]) -> None:
    assert said(matching(**facts), RULE) == []


@pytest.mark.parametrize("unit", [True, False])
def test_products_of_vectors_of_any_length_begin_far_above_guessing(unit: bool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    x, y = torch.randn(N, 16), torch.arange(N)

    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.left, self.right = nn.Linear(16, 64), nn.Linear(16, 64)

        def forward(self, x: Tensor) -> Tensor:
            a, b = self.left(x), self.right(torch.randn_like(x))  # nothing to match
            if unit:
                a, b = nn.functional.normalize(a, dim=1), nn.functional.normalize(b, dim=1)
            return a @ b.T / 0.05

    assert bool(said(trained(tmp_path, Pair(), x, y, steps=40), RULE)) is not unit


MEAN = Loss(
    "mse_loss at train.py:9", "mse_loss", targets=Targets(10, (), (0.0,), (10.0,)), trained=True, made_by="add"
)


def spreading(
    spread: float, last: float = 2.0, layers: tuple[Layer, ...] = TOWERS, loss: Loss = MEAN, since: int = 0
) -> Record:
    spreads: Figure = {since: spread, since + 1: 1.0}
    return run(layers, {(loss.name, "loss.spread"): spreads}, losses=[(loss, last)])


def test_first_answers_that_spread_three_times_as_widely_as_the_targets_are_too_large() -> None:
    finding = told(spreading(1.01 * SPREAD), RULE)
    assert (finding.severity, finding.step) == ("warning", 0)
    assert figures_of(finding) == {"answers_spread": pytest.approx(1.01 * SPREAD)}
    assert said(spreading(0.99 * SPREAD), RULE) == []
    assert said(spreading(math.inf), RULE) == []  # targets that are all the same
    assert said(spreading(9.0, since=1), RULE) == []


def test_of_a_spread_where_it_may_come_of_more_than_these_weights_nothing_is_said() -> None:
    assert said(spreading(9.0, last=0.1), RULE) == []
    assert said(spreading(9.0, layers=NET), RULE) == []
    assert said(spreading(9.0, loss=replace(MEAN, made_by="gather")), RULE) == []


def factors(std: float) -> Factors:
    torch.manual_seed(0)
    model = Factors()
    for table in model.children():
        nn.init.normal_(table.weight, std=std)  # type: ignore[arg-type]
    return model


class Factors(nn.Module):
    """The product of two vectors from tables."""

    def __init__(self) -> None:
        super().__init__()
        self.users, self.items = nn.Embedding(50, 32), nn.Embedding(50, 32)

    def forward(self, pairs: Tensor) -> Tensor:
        return (self.users(pairs[:, 0]) * self.items(pairs[:, 1])).sum(1)


@pytest.mark.parametrize("std", [1.0, 0.1])
def test_products_of_two_unit_normals_spread_by_the_root_of_their_length(std: float, tmp_path: Path) -> None:
    model = factors(std)
    record = trained(tmp_path, model, torch.randint(0, 50, (256, 2)), torch.randn(256), F.mse_loss, steps=40)
    found = said(record, RULE)
    assert bool(found) is (std == 1)
    if found:
        assert figures_of(found[0])["answers_spread"] == pytest.approx(math.sqrt(32), rel=0.15)
        assert found[0].remedy is not None
        exec(found[0].remedy.code, {"torch": torch, "model": model})
        assert model(torch.randint(0, 50, (256, 2))).std() < 1


def test_without_a_loss_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET))
    assert RULE not in [one.rule for one in flat(diagnose(run(NET)))]
