"""bias-before-batchnorm: a bias that a batch norm cancels, told from all that only look like it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from records import chain, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

import headstart as hs
from headstart.diagnosis import diagnose, ledger
from headstart.monitor.origin import axis_above
from headstart.record import Record

RULE = "bias-before-batchnorm"


def record(ratio: float = 1e-7, steps: int = 12, names: tuple[str, ...] = ("fc1",), **facts: object) -> Record:
    """Biases of `names` with that ratio of gradients to their weights'."""
    figures = {
        (f"{name}.{own}", "weight_gradient.max_abs"): dict.fromkeys(range(steps), value)
        for name in names
        for own, value in (("weight", 0.5), ("bias", 0.5 * ratio))
    }
    seen = run(chain(*(linear(name) for name in names), head()), figures, steps=12, skill=0.5)
    biases = {f"{name}.bias" for name in names}
    seen.parameters = tuple(
        replace(one, **{"cancelled": True, **facts}) if one.name in biases else one  # type: ignore[arg-type]
        for one in seen.parameters
    )
    return seen


def test_it_tells_the_parameters_and_that_their_gradient_is_rounding() -> None:
    finding = told(record(), RULE)
    assert (finding.severity, finding.layer) == ("advice", "fc1")
    assert "64 parameters" in finding.message
    assert {one.figure: one.value for one in finding.evidence} == {
        "biases_cancelled": 1,
        "gradient_of_bias_over_weight": pytest.approx(1e-7),
    }
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("model.fc1.bias = None     # ")


def test_several_are_one_finding() -> None:
    finding = told(record(names=("fc1", "fc2", "fc3", "fc4")), RULE)
    assert finding.layers == ("fc1", "fc2", "fc3", "fc4")
    assert "256 parameters" in finding.message
    assert (
        'for name in ("fc1", "fc2", "fc3", "fc4"):\n    model.get_submodule(name).bias = None' in finding.remedy.code
    )  # type: ignore[union-attr]


@pytest.mark.parametrize("facts", [{"cancelled": False}, {"cancelled": None}, {"trainable": False}])
def test_other_biases_are_not_told(facts: Mapping[str, object]) -> None:
    assert said(record(**facts), RULE) == []


@pytest.mark.parametrize("times", [0.99, 1.01])
def test_a_gradient_above_rounding_says_that_the_norm_changed(times: float) -> None:
    assert bool(said(record(times * ledger.ROUNDED), RULE)) is (times < 1)


def test_one_look_is_enough_for_what_the_graph_says() -> None:
    assert said(record(steps=1), RULE)


def test_without_gradients_it_is_not_judged() -> None:
    assert RULE not in unjudged(run(chain(head())))  # on request
    (silent,) = diagnose(run(chain(head())), rules=(), extend_select=[RULE]).not_judged
    assert silent.rule == RULE


class Net(nn.Module):
    """`way` says how the parts are put together; three classes."""

    def __init__(self, way: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        self.fc, self.conv, self.last = nn.Linear(6, 8), nn.Conv1d(3, 8, 3), nn.LazyLinear(3)
        self.maps, self.up = nn.Linear(6, 32), nn.ConvTranspose2d(6, 8, 2)
        self.bn, self.bn2, self.last_norm = nn.BatchNorm1d(8), nn.BatchNorm2d(8), nn.BatchNorm1d(5)
        self.frozen = nn.BatchNorm1d(8).eval()
        self.norms = nn.ModuleDict({"group": nn.GroupNorm(2, 8), "each": nn.GroupNorm(8, 8), "layer": nn.LayerNorm(8)})
        self.instance = nn.InstanceNorm1d(8, affine=True)
        self.drop = nn.Dropout(0.2)
        self.w, self.b = nn.Parameter(torch.randn(6, 8)), nn.Parameter(torch.randn(1, 8))
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.way(self, x).flatten(1))
        return out


def steps_of(x: Tensor) -> Tensor:
    return x[:, None].expand(-1, 5, -1) * torch.arange(1.0, 6)[None, :, None]


CANCELLED: dict[str, tuple[str, Callable[[Net, Tensor], Tensor]]] = {
    "linear": ("fc.bias", lambda net, x: net.bn(net.fc(x)).relu()),
    "convolution": ("conv.bias", lambda net, x: net.bn(net.conv(x.reshape(-1, 3, 2).repeat(1, 1, 3))).relu()),
    "transposed": ("up.bias", lambda net, x: net.bn2(net.up(x[:, :, None, None])).relu()),
    "function": ("fc.bias", lambda net, x: nn.functional.batch_norm(net.fc(x), None, None, training=True).relu()),
    "features last": ("fc.bias", lambda net, x: net.bn(net.fc(steps_of(x)).transpose(1, 2)).relu()),
    "flattened": ("fc.bias", lambda net, x: net.bn(net.fc(steps_of(x)).flatten(0, 1)).relu().view(-1, 5, 8)),
    "no contiguous input": (
        "fc.bias",
        lambda net, x: net.bn(net.fc(steps_of(x).transpose(1, 2).contiguous().transpose(1, 2)).movedim(2, 1)),
    ),
    "maps of one pixel": ("fc.bias", lambda net, x: net.bn2(net.fc(x).view(-1, 8, 1, 1)).relu()),
    "raw": ("b", lambda net, x: net.bn(x @ net.w + net.b).relu()),
    "twice": ("fc.bias", lambda net, x: net.bn(net.fc(x)) + net.bn(net.fc(2 * x)).relu()),
}
KEPT: dict[str, Callable[[Net, Tensor], Tensor]] = {
    "group norm": lambda net, x: net.norms["group"](net.fc(x)).relu(),
    "layer norm": lambda net, x: net.norms["layer"](net.fc(x)).relu(),
    "instance norm": lambda net, x: net.instance(net.conv(x.reshape(-1, 3, 2).repeat(1, 1, 3))).relu(),
    "frozen norm": lambda net, x: net.frozen(net.fc(x)).relu(),
    "activation between": lambda net, x: net.bn(net.fc(x).relu()),
    "dropout between": lambda net, x: net.bn(net.drop(net.fc(x))).relu(),
    "scale between": lambda net, x: net.bn(net.fc(x) * x[:, :1]).relu(),
    "shortcut": lambda net, x: (lambda h: net.bn(h).relu() + h)(net.fc(x)),
    "norm along the steps": lambda net, x: net.last_norm(net.fc(steps_of(x))).relu(),
    "a bias for each pixel": lambda net, x: net.bn2(net.maps(x).view(-1, 8, 2, 2)).relu(),
    "used elsewhere, too": lambda net, x: (
        net.bn(net.fc(x)) + nn.functional.linear(x, net.fc.weight, net.fc.bias).relu()
    ),
    "bias in a penalty": lambda net, x: net.bn(net.fc(x)).relu() + net.fc.bias.square().sum(),
    "no bias": lambda net, x: net.bn(nn.functional.linear(x, net.fc.weight)).relu(),
    "by hand": lambda net, x: (lambda h: (h - h.mean(0)) / h.std(0))(net.fc(x)).relu(),
}


def seen(way: Callable[[Net, Tensor], Tensor], path: Path, rows: int = 16) -> Record:
    torch.manual_seed(0)
    net, x = Net(way), torch.randn(rows, 6)
    net(x)
    return trained(path, net, x, torch.arange(rows) % 3)


def cancelled(record: Record) -> set[str]:
    return {parameter.name for parameter in record.parameters if parameter.cancelled}


@pytest.mark.parametrize("name", CANCELLED)
def test_a_bias_is_cancelled_where_nothing_but_views_stand_between(name: str, tmp_path: Path) -> None:
    bias, way = CANCELLED[name]
    record = seen(way, tmp_path)
    assert cancelled(record) == {bias}
    finding = told(record, RULE)
    assert {one.figure: one.value for one in finding.evidence}["gradient_of_bias_over_weight"] < 1e-4


@pytest.mark.parametrize("name", KEPT)
def test_a_bias_is_kept_where_anything_else_does(name: str, tmp_path: Path) -> None:
    record = seen(KEPT[name], tmp_path)
    assert cancelled(record) == set()
    assert said(record, RULE) == []


def test_of_one_sample_each_value_is_normalised_by_itself(tmp_path: Path) -> None:
    _, way = CANCELLED["convolution"]
    assert cancelled(seen(way, tmp_path, rows=1)) == set()


@pytest.mark.parametrize(("norm", "effect"), [("batch", False), ("group", True), ("layer", True)])
def test_closed_form_of_who_cancels(norm: str, effect: bool) -> None:
    torch.manual_seed(0)
    x, bias = torch.randn(64, 8, dtype=torch.float64), 10 * torch.randn(8, dtype=torch.float64)
    layer = {"batch": nn.BatchNorm1d(8), "group": nn.GroupNorm(2, 8), "layer": nn.LayerNorm(8)}[norm].double()
    assert bool((layer(x) - layer(x + bias)).abs().max() > 1e-9) is effect


def test_a_norm_that_is_frozen_later_keeps_the_bias(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 3))
    optimizer, x, y = torch.optim.SGD(net.parameters(), lr=0.1), torch.randn(16, 6), torch.arange(16) % 3
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for step in range(12):
            if step == 6:
                net[1].eval()
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    assert said(watch.read(), RULE) == []


def test_a_norm_that_trains_only_later_cancels_no_bias(tmp_path: Path) -> None:
    """Another line calls backward then, so that the graph is read again."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8).eval(), nn.ReLU(), nn.Linear(8, 3))
    x, y = torch.randn(16, 6), torch.arange(16) % 3
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        nn.functional.cross_entropy(net(x), y).backward()
        optimizer.step()
        net.train()
        for _ in range(5):
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
    assert cancelled(watch.read()) == set()


def test_in_bfloat16_rounding_is_larger_and_still_far_below_a_gradient(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Sequential(
        *(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(8 * 16, 3)),
    )

    def loss(out: Tensor, y: Tensor) -> Tensor:
        return nn.functional.cross_entropy(out.float(), y)

    with torch.autocast("cpu", torch.bfloat16):
        record = trained(tmp_path, net, torch.randn(8, 3, 8, 8), torch.arange(8) % 3, loss)
    finding = told(record, RULE)
    assert finding.layers == ("0", "3")
    assert {one.figure: one.value for one in finding.evidence}["gradient_of_bias_over_weight"] < 5e-3


def test_adam_makes_steps_of_what_rounding_leaves() -> None:
    torch.manual_seed(0)
    x = torch.randn(512, 20)
    y = (x[:, 0] * x[:, 1] > 0).long()
    model = nn.Sequential(nn.Linear(20, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Linear(64, 2))
    before = model[0].bias.detach().clone()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    for _ in range(60):
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(x), y).backward()
        optimizer.step()
    assert model[0].bias.grad.abs().max() < 1e-7
    assert 0.005 < (model[0].bias - before).abs().max() < 0.1


def test_its_remedy_runs_and_silences_it(tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, 3)
    )
    x, y = torch.randn(16, 6), torch.arange(16) % 3
    (tmp_path / "instead").mkdir()
    remedy = told(trained(tmp_path, model, x, y), RULE).remedy
    assert remedy is not None
    exec(remedy.code, {"model": model})
    assert [layer.bias is None for layer in model if isinstance(layer, nn.Linear)] == [True, True, False]
    assert said(trained(tmp_path / "instead", model, x, y), RULE) == []


@settings(deadline=None, max_examples=60)
@given(shape=st.lists(st.integers(2, 5), min_size=2, max_size=4), data=st.data())
def test_an_axis_is_followed_through_views_and_transposes(shape: list[int], data: st.DataObject) -> None:
    """Marked by its own values: where they still lie along one axis and are constant along the others, it is that axis."""
    axis = data.draw(st.integers(0, len(shape) - 1))
    size = shape[axis]
    x = torch.zeros(shape, requires_grad=True)
    marks = torch.arange(1.0, size + 1).view([-1 if place == axis else 1 for place in range(len(shape))]).expand(shape)
    out, kept, nodes = x * 1, marks, []
    for _ in range(data.draw(st.integers(1, 3))):
        for change in (
            _turn(data.draw(st.permutations(range(out.ndim)))),
            _merge(data.draw(st.integers(1, out.ndim))),
        ):
            before = out.grad_fn
            out, kept = change(out), change(kept)
            made, node = [], out.grad_fn
            while node is not before:
                made.append(node)
                node = node.next_functions[0][0]
            nodes += made[::-1]
    found = axis_above(axis, tuple(shape), nodes)
    along = [a for a in range(kept.ndim) if torch.equal(kept, _along(kept, a)) and kept.shape[a] == size]
    assert found in (along or [None])


def _turn(order: list[int]) -> Callable[[Tensor], Tensor]:
    return lambda x: x.permute(order).contiguous()


def _merge(axes: int) -> Callable[[Tensor], Tensor]:
    """The first axes into one."""
    return lambda x: x.reshape(-1, *x.shape[axes:])


def _along(marks: Tensor, axis: int) -> Tensor:
    """1, 2, 3, ... along that axis."""
    view = [-1 if place == axis else 1 for place in range(marks.ndim)]
    return torch.arange(1.0, marks.shape[axis] + 1).view(view).expand(marks.shape)
