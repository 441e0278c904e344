"""gradients-vanish: what each layer gets of the largest gradient behind it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import Figure, chain, figures_of, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.diagnosis.backflow import stacked
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.gradients_vanish import LEFT, SIGMOIDS
from headstart.record import Layer, Record

RULE = "gradients-vanish"
NET = chain(linear("fc1"), linear("fc2"), head())
SEEN: dict[tuple[str, str], Figure] = {("fc1.weight", "weight_gradient.std"): 1.0}


def got(fc1: Figure, fc2: Figure = 1.0, head: Figure = 1.0, skill: float | None = 0.0) -> Record:
    """The gradient's std at each layer's output."""
    stds = {"fc1": fc1, "fc2": fc2, "head": head}
    return run(NET, {**SEEN, **{(name, "gradient.std"): std for name, std in stds.items()}}, skill=skill)


def test_a_layer_may_get_a_ten_thousandth_of_what_comes_behind_it() -> None:
    finding = told(got(0.99 * LEFT), RULE)
    assert finding.layer == "fc1"
    assert finding.evidence[0].figure == "gradient_ratio"
    assert finding.evidence[0].value == pytest.approx(0.99 * LEFT)
    assert finding.evidence[0].limit == LEFT
    assert said(got(1.01 * LEFT), RULE) == []


def test_no_gradient_at_all_begins_where_it_ends_not_where_it_was_small() -> None:
    finding = told(got(lambda step: 0.5 * LEFT if step == 2 else 1.0 if step < 9 else 0.0), RULE)
    assert (finding.severity, finding.step) == ("error", 9)


def test_at_the_limit_a_good_update_is_lost_in_float32s_resolution() -> None:
    good = 1e-3  # of its weight
    assert good * LEFT < torch.finfo(torch.float32).eps


def test_the_largest_gradient_behind_counts_and_not_the_last_layers() -> None:
    assert told(got(1e-3, fc2=100.0, head=1.0), RULE).layer == "fc1"


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e12])
def test_sizes_by_themselves_count_for_nothing(scale: float) -> None:
    assert said(got(2 * LEFT * scale, scale, scale), RULE) == []
    assert told(got(0.5 * LEFT * scale, scale, scale), RULE).layers == ("fc1",)


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "advice"), (None, "advice"), (0.0, "warning")])
def test_it_is_advice_where_the_run_is_not_known_to_fail(skill: float | None, severity: str) -> None:
    assert told(got(1e-6, skill=skill), RULE).severity == severity


def test_no_gradient_at_all_is_an_error_in_a_run_that_fails() -> None:
    assert told(got(0.0), RULE).severity == "error"
    assert told(got(0.0, skill=0.9), RULE).severity == "advice"


def test_the_layer_that_gets_least_is_told_and_all_are_named() -> None:
    finding = told(got(1e-7, 1e-5, 1.0), RULE)
    assert finding.layer == "fc1"
    assert finding.layers == ("fc1", "fc2")
    assert figures_of(finding)["gradient_rms"] == pytest.approx(1e-7)


def test_a_ratio_that_recovers_in_the_last_third_is_none() -> None:
    assert said(got(lambda step: 0.0 if step < 40 else 1.0), RULE) == []
    assert told(got(lambda step: 1.0 if step < 40 else 0.0), RULE).step == 40


def test_a_few_steps_of_the_last_third_do_not_count() -> None:
    assert said(got(lambda step: 0.0 if step >= 51 else 1.0), RULE) == []  # 9 of 20
    assert told(got(lambda step: 0.0 if step >= 49 else 1.0), RULE).step == 49  # 11 of 20


def test_layers_that_are_not_on_one_way_are_not_compared() -> None:
    stds: dict[tuple[str, str], Figure] = {("left", "gradient.std"): 1e-9, ("right", "gradient.std"): 1.0}
    branches = [linear("left"), linear("right")]
    join = replace(head("join"), follows=("left", "right"))
    assert said(run([*branches, join], {**SEEN, **stds, ("join", "gradient.std"): 1e-9}, skill=0.0), RULE) == []
    assert told(run([*branches, join], {**SEEN, **stds, ("join", "gradient.std"): 1.0}, skill=0.0), RULE).layers == (
        "left",
    )


def test_steps_that_a_scaler_skips_do_not_count() -> None:
    assert said(got(1.0, fc2=lambda step: math.inf if step % 3 == 0 else 1.0), RULE) == []


def test_of_raw_tensors_the_weights_gradients_are_compared() -> None:
    layers = chain(*(Layer(n, "mm", 0, (n,), (64, 64), 64, 64, 64, "relu") for n in ("w1", "w2")))
    figures: dict[tuple[str, str], Figure] = {("w2", "weight_gradient.std"): 1.0}
    finding = told(run(layers, {**figures, ("w1", "weight_gradient.std"): 0.9 * LEFT}, skill=0.0), RULE)
    assert finding.layer == "w1"
    assert finding.evidence[1].series == "weight_gradient.std"
    assert said(run(layers, {**figures, ("w1", "weight_gradient.std"): 1.1 * LEFT}, skill=0.0), RULE) == []


def test_where_sigmoid_shrinks_it_the_remedy_is_relu() -> None:
    layers = chain(linear("fc1", activation="sigmoid"), head())
    stds: dict[tuple[str, str], Figure] = {("fc1", "gradient.std"): 1e-6, ("head", "gradient.std"): 1.0}
    remedy = told(run(layers, {**SEEN, **stds}, skill=0.0), RULE).remedy
    assert remedy is not None
    assert remedy.code.startswith("torch.nn.ReLU()")


def test_through_layers_that_shrink_by_c_what_is_left_is_c_to_the_depth(tmp_path: Path) -> None:
    c = 0.04
    net = nn.Sequential(*(nn.Linear(8, 8, bias=False) for _ in range(4)))
    with torch.no_grad():
        for layer in net:
            layer.weight.copy_(c * torch.eye(8))
    x, y = torch.randn(32, 8), torch.randn(32, 8)
    finding = told(trained(tmp_path, net, x, y, nn.functional.mse_loss, steps=3), RULE)
    assert finding.layers == ("0",)  # the next has c² = 1.6e-3
    assert figures_of(finding)["gradient_ratio"] == pytest.approx(c**3, rel=1e-4)


def test_without_a_weight_that_gets_a_gradient_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET, {("fc1", "gradient.std"): 1.0}))


@pytest.mark.parametrize("head", [1.0, -1.0])
def test_a_gradient_that_is_the_same_everywhere_has_a_size(head: float) -> None:
    means: dict[tuple[str, str], Figure] = {("fc1", "gradient.mean"): head, ("head", "gradient.mean"): head}
    stds: dict[tuple[str, str], Figure] = {("fc1", "gradient.std"): 0.0, ("head", "gradient.std"): 0.0}
    assert said(run(NET, {**SEEN, **stds, **means}, skill=0.0), RULE) == []
    means["fc1", "gradient.mean"] = 0.9 * LEFT * head
    assert told(run(NET, {**SEEN, **stds, **means}, skill=0.0), RULE).layers == ("fc1",)


@pytest.mark.parametrize(("places", "ratio", "fires"), [(100, 0.009, True), (100, 0.011, False), (None, 0.9, True)])
def test_places_that_share_the_weights_may_share_the_gradient(places: int | None, ratio: float, fires: bool) -> None:
    net = chain(replace(linear("fc1"), places=places), linear("fc2"), replace(head(), places=1))
    stds: dict[tuple[str, str], Figure] = {("fc1", "gradient.std"): ratio * LEFT, ("head", "gradient.std"): 1.0}
    assert bool(said(run(net, {**SEEN, **stds}, skill=0.0), RULE)) is fires


class MeanOverPlaces(nn.Module):
    """Each of 160 x 160 places gets a 25,600th of what their mean gets; the kernel gets the sum of all."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.head = nn.Conv2d(1, 2, 1), nn.Linear(2, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(self.conv(x).mean((2, 3)))


def test_a_mean_over_a_large_map_keeps_no_gradient_from_the_weights(tmp_path: Path) -> None:
    x, y = torch.rand(8, 1, 160, 160), torch.arange(8) % 2
    record = trained(tmp_path, MeanOverPlaces(), x, y, steps=3)
    (conv,), (head,) = (record.series(name, "gradient.std").values[:1] for name in ("conv", "head"))
    assert conv < LEFT * head
    assert said(record, RULE) == []


@pytest.mark.parametrize(("stem", "found"), [(1.1 * LEFT, ()), (0.9 * LEFT, ("query", "stem"))])
def test_what_passes_a_branch_has_not_died_out(stem: float, found: tuple[str, ...]) -> None:
    """Queries get little while attention is even; the values and the shortcut carry the gradient on."""
    query, value = (replace(linear(name), follows=("stem",)) for name in ("query", "value"))
    layers = [linear("stem"), query, value, replace(head(), follows=("stem", "query", "value"))]
    sizes = {"stem": stem, "query": 1e-6, "value": 1.0, "head": 1.0}
    stds: dict[tuple[str, str], Figure] = {(name, "gradient.std"): size for name, size in sizes.items()}
    told_of = [layer for finding in said(run(layers, {**SEEN, **stds}, skill=0.0), RULE) for layer in finding.layers]
    assert sorted(told_of) == sorted(found)


def stack(*sizes: Figure, kind: str = "LSTM", skill: float | None = 0.0) -> Record:
    """A recurrent module of several layers: the std of the gradient that each one's weights get."""
    names = [f"rnn.{name}_l{depth}" for depth in range(len(sizes)) for name in ("weight_ih", "weight_hh")]
    layer = Layer("rnn", kind, 0, tuple(names), (64, 2), 2, 64, 16)
    figures = {(name, "weight_gradient.std"): sizes[int(name[-1])] for name in names}
    return run(chain(layer, head()), figures, skill=skill)


def test_within_a_recurrent_module_of_several_layers_the_weights_tell() -> None:
    finding = told(stack(0.9 * LEFT, 0.1, 1.0), RULE)
    assert (finding.layer, finding.layers) == ("rnn", ("rnn",))
    assert "rnn.weight_ih_l0" in finding.message
    assert finding.remedy is not None
    assert "num_layers" in finding.remedy.code
    assert said(stack(1.1 * LEFT, 0.1, 1.0), RULE) == []
    assert said(stack(1.0, 1.0, 0.1 * LEFT), RULE) == []  # nearer to the loss
    assert said(stack(0.1 * LEFT), RULE) == []
    assert said(stack(0.1 * LEFT, 1.0, kind="Own"), RULE) == []


@pytest.mark.parametrize("layers", [2, 8])
def test_a_real_stack_loses_the_gradient_by_a_factor_at_each_layer(tmp_path: Path, layers: int) -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.lstm = nn.LSTM(2, 16, layers, batch_first=True)
            self.linear = nn.Linear(16, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            out: torch.Tensor = self.linear(self.lstm(x)[0][:, -1])
            return out

    torch.manual_seed(0)
    record = trained(tmp_path, Last(), torch.randn(64, 8, 2), torch.randn(64, 1), nn.functional.mse_loss, steps=30)
    (first, *_) = stacked(Case.of(record))
    assert (first.ratio < 1e-3) == (layers == 8)


def of_weights(gradient: Figure, loss: Figure = 0.7, skill: Figure | None = None) -> Record:
    net = chain(linear("fc1"), head())
    names = [name for layer in net for name in layer.parameters]
    return run(net, {(name, "weight_gradient.max_abs"): gradient for name in names}, loss=loss, skill=skill)


def ends(at: int) -> Callable[[int], float]:
    return lambda step: float(step < at)


def test_no_gradient_of_any_weight_to_the_end_is_an_error() -> None:
    finding = told(of_weights(ends(40), skill=0.0), RULE)
    assert (finding.severity, finding.step) == ("error", 40)
    assert figures_of(finding)["zero_steps"] == 20
    assert told(of_weights(ends(0)), RULE).severity == told(of_weights(ends(0), skill=0.9), RULE).severity == "advice"


@pytest.mark.parametrize(
    "record",
    [
        of_weights(ends(41)),
        of_weights(ends(40), loss=0.0),  # all margins are kept
        of_weights(lambda step: float(step == 59)),
        of_weights(1e-30),
    ],
    ids=["too few", "no loss", "it comes back", "small"],
)
def test_gradients_that_may_be_zero_are_sound(record: Record) -> None:
    assert said(record, RULE) == []


@pytest.mark.parametrize(("beta", "fires"), [(0.0, True), (0.1, False)])
def test_a_loss_times_zero_has_no_gradient(tmp_path: Path, beta: float, fires: bool) -> None:
    def preference(z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return -nn.functional.logsigmoid(beta * (z[:, 0] - z[:, 1])).mean()

    record = trained(tmp_path, nn.Linear(6, 2), torch.randn(32, 6), torch.zeros(32), preference, steps=30)
    assert bool(said(record, RULE)) is fires


def sigmoids(count: int, skill: float | None = 0.0, other: str = "sigmoid") -> Record:
    layers = [linear(f"fc{n}", activation="sigmoid") for n in range(count - 1)] + [linear("fc", activation=other)]
    figures: dict[tuple[str, str], Figure] = {("fc.weight", "weight_gradient.std"): 1.0}
    return run(chain(*layers, head()), figures, skill=skill)


def test_four_sigmoids_in_a_row_are_told_where_nothing_is_learnt() -> None:
    finding = told(sigmoids(SIGMOIDS), RULE)
    assert finding.severity == "warning"
    assert figures_of(finding) == {"sigmoid_layers": SIGMOIDS}
    assert said(sigmoids(SIGMOIDS, skill=0.9), RULE) == []
    assert said(sigmoids(SIGMOIDS, other="relu"), RULE) == []


def test_two_are_a_suspicion_where_little_is_learnt() -> None:
    assert told(sigmoids(2, skill=0.3), RULE).severity == "advice"
    assert said(sigmoids(2, skill=0.6), RULE) == []
    assert said(sigmoids(1, skill=0.3), RULE) == []


def test_an_embedding_before_them_is_no_matter() -> None:
    table = replace(linear("table", activation=None), kind="Embedding")
    layers = [table, *(linear(f"fc{n}", activation="sigmoid") for n in range(SIGMOIDS))]
    figures: dict[tuple[str, str], Figure] = {("fc0.weight", "weight_gradient.std"): 1.0}
    assert told(run(chain(*layers, head()), figures, skill=0.0), RULE).layers == tuple(one.name for one in layers[1:])
