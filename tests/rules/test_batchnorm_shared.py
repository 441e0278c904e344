"""batchnorm-shared: places of one norm on one way, told from those side by side and from the steps of a recurrence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.record import Layer, Mode, Record

RULE = "batchnorm-shared"
BN = Layer("bn", "BatchNorm1d", 0, ("bn.weight", "bn.bias"), (64,))


def record(in_turn: tuple[str, ...] = ("fc1", "fc2"), **facts: object) -> Record:
    seen = run(
        chain(linear("fc1"), replace(BN, in_turn=in_turn), linear("fc2"), head()), {("bn", "norm.batches"): {0: 1}}
    )
    mode = Mode("bn", "BatchNorm1d", tracks=True, momentum=0.1, steps=60, evaluated=1)
    seen.modes = (replace(mode, **facts),)  # type: ignore[arg-type]
    return seen


def test_it_tells_the_places() -> None:
    finding = told(record(), RULE)
    assert (finding.layer, finding.severity) == ("bn", "warning")
    assert "fc1 and fc2" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("self.bn1, self.bn2 = torch.nn.BatchNorm1d(64), torch.nn.BatchNorm1d(64)")


def test_without_an_evaluation_it_is_advice() -> None:
    assert told(record(evaluated=0), RULE).severity == "advice"


@pytest.mark.parametrize("facts", [{"tracks": False}, {"steps": 0}, {"p": 0.5}])
def test_running_statistics_that_training_does_not_take_are_no_mixture(facts: dict[str, object]) -> None:
    assert said(record(**facts), RULE) == []


def test_one_place_is_none_too_many() -> None:
    assert said(record(()), RULE) == []


def test_without_a_batch_norm_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


class Net(nn.Module):
    """`way` says how the parts are put together."""

    def __init__(self, way: Callable[[Net, Tensor], Tensor]) -> None:
        super().__init__()
        self.stem, self.cell, self.last = nn.Linear(6, 8), nn.Linear(8, 8), nn.Linear(8, 3)
        self.bn, self.bn2 = nn.BatchNorm1d(8), nn.BatchNorm1d(8)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last(self.way(self, x))
        return out


def shared(net: Net, x: Tensor) -> Tensor:
    return net.bn(net.cell(net.bn(net.stem(x)).relu())).relu()  # type: ignore[no-any-return]


def residual(net: Net, x: Tensor) -> Tensor:
    x = net.stem(x).relu()
    x = x + net.bn(net.cell(x)).relu()
    return x + net.bn(net.last(x) @ torch.ones(3, 8)).relu()  # type: ignore[no-any-return]


def own(net: Net, x: Tensor) -> Tensor:
    return net.bn2(net.cell(net.bn(net.stem(x)).relu())).relu()  # type: ignore[no-any-return]


def views(net: Net, x: Tensor) -> Tensor:
    return net.bn(net.stem(x)).relu() + net.bn(net.stem(-x)).relu()  # type: ignore[no-any-return]


def towers(net: Net, x: Tensor) -> Tensor:
    return net.bn(net.stem(x)).relu() + net.bn(net.cell(x @ torch.ones(6, 8))).relu()  # type: ignore[no-any-return]


def recurrent(net: Net, x: Tensor) -> Tensor:
    x = net.stem(x).relu()
    for _ in range(3):
        x = net.bn(net.cell(x)).relu()
    return x


def recurrent_residual(net: Net, x: Tensor) -> Tensor:
    x = net.stem(x)
    for _ in range(3):
        x = net.bn(net.cell(x) + x).relu()
    return x


@pytest.mark.parametrize(
    ("way", "places"),
    [
        (shared, ("stem", "cell")),
        (residual, ("cell", "last")),
        *((way, ()) for way in (own, views, towers, recurrent, recurrent_residual)),
    ],
)
def test_in_real_nets(way: Callable[[Net, Tensor], Tensor], places: tuple[str, ...], tmp_path: Path) -> None:
    torch.manual_seed(0)
    seen = trained(tmp_path, Net(way), torch.randn(16, 6), torch.arange(16) % 3)
    assert {layer.name: layer.in_turn for layer in seen.layers if layer.in_turn} == ({"bn": places} if places else {})
