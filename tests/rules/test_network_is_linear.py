"""network-is-linear: products of matrices, and everything that makes them none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told
from torch import Tensor, nn
from training import trained

from headstart.record import Layer, Record

RULE = "network-is-linear"
X, Y = torch.randn(32, 6), torch.arange(32) % 2


def net(*layers: Layer, skill: float | None = 0.0) -> Record:
    return run(chain(*layers), {(layers[0].name, "activation.std"): 1.0}, skill=skill)


def bare(name: str, **facts: object) -> Layer:
    return replace(linear(name, activation=None, **facts), bare=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(("skill", "severity"), [(0.0, "warning"), (0.9, "advice"), (None, "advice")])
def test_layers_with_nothing_in_between_are_one(skill: float | None, severity: str) -> None:
    finding = told(net(bare("fc1"), bare("fc2"), head(), skill=skill), RULE)
    assert finding.severity == severity
    assert finding.layers == ("fc1", "fc2", "head")


@pytest.mark.parametrize(
    "layers",
    [
        (bare("fc1"), linear("fc2"), head()),
        (head(),),
        (bare("fc1"), replace(bare("rnn"), kind="LSTM"), head()),
    ],
    ids=["one activation", "one layer", "a recurrence"],
)
def test_anything_else_among_them_is_sound(layers: tuple[Layer, ...]) -> None:
    assert said(net(*layers), RULE) == []


class Between(nn.Module):
    """Two layers and what stands between them."""

    def __init__(self, way: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 8), nn.Linear(8, 2)
        self.way = way

    def forward(self, x: Tensor) -> Tensor:
        return self.last(self.way(self.first(x)))  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("way", "fires"),
    [
        (lambda h: h, True),
        (lambda h: h.view(-1, 8), True),
        (torch.relu, False),
        (lambda h: h * (h > 0), False),
        (lambda h: torch.where(h > 0, h, 0.0), False),
        (lambda h: nn.functional.layer_norm(h, (8,)), False),
        (lambda h: h + torch.tanh(h), False),
        (lambda h: h.square(), False),
        (lambda h: nn.functional.max_pool1d(h, 3, 1, 1), False),
        (lambda h: h.sort(1).values, False),
    ],
)
def test_what_stands_between_two_layers_is_read_from_the_graph(
    tmp_path: Path, way: Callable[[Tensor], Tensor], fires: bool
) -> None:
    assert bool(said(trained(tmp_path, Between(way), X, Y, lr=0.1), RULE)) is fires


def test_a_product_of_matrices_is_a_matrix() -> None:
    first, last = nn.Linear(6, 8), nn.Linear(8, 2)
    one = nn.Linear(6, 2)
    one.weight.data = last.weight @ first.weight
    one.bias.data = last.weight @ first.bias + last.bias
    torch.testing.assert_close(one(X), last(first(X)))
