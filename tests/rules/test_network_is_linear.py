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

from headstart.monitor.operators import RESHAPES, SUMS_UP, operator
from headstart.record import Layer, Record

RULE = "network-is-linear"
X, Y = torch.randn(32, 6), torch.arange(32) % 2


def net(*layers: Layer, skill: float | None = 0.0) -> Record:
    return run(chain(*layers), {(f"{layers[0].name}.weight", "weight.std"): 1.0}, skill=skill)


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


def test_linear_layers_of_the_users_own_are_as_linear() -> None:
    own = replace(bare("fc1"), kind="Dense", factor="weight")
    assert told(net(own, bare("fc2"), head()), RULE).layers == ("fc1", "fc2", "head")
    assert said(net(replace(own, factor=None), bare("fc2"), head()), RULE) == []


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
        (lambda h: nn.functional.avg_pool1d(h, 3, 1, 1), True),
        (lambda h: nn.functional.interpolate(h[None], scale_factor=2)[0].view(-1, 8, 2).mean(2), True),
        (lambda h: nn.functional.pad(-h, (2, 0))[:, :8].flip(1), True),
        (lambda h: h.view(-1, 4, 2).sum(2).repeat(1, 2), True),
        (nn.Dropout(0.3), True),
        (nn.BatchNorm1d(8), True),
        (nn.Sequential(nn.BatchNorm1d(8), nn.Identity(), nn.Dropout(0.5)), True),
        (nn.AlphaDropout(0.3), False),
        (lambda h: h * 2 * torch.sigmoid(h).round(), False),
        (lambda h: nn.functional.adaptive_max_pool1d(h, 8), False),
        (lambda h: h.gather(1, h.argsort(1)), False),
        (lambda h: h[:, torch.arange(8)], False),
        (lambda h: h / h.detach().norm(), False),
        (lambda h: h.amax(1, keepdim=True).repeat(1, 8), False),
        (torch.relu, False),
        (lambda h: h * (h > 0), False),
        (lambda h: torch.where(h > 0, h, 0.0), False),
        (lambda h: nn.functional.layer_norm(h, (8,)), False),
        (lambda h: h + torch.tanh(h), False),
        (lambda h: h.square(), False),
        (lambda h: nn.functional.max_pool1d(h, 3, 1, 1), False),
        (lambda h: h.sort(1).values, False),
        (lambda h: torch.relu(torch.eye(32) @ h), False),
    ],
)
def test_what_stands_between_two_layers_is_read_from_the_graph(
    tmp_path: Path, way: Callable[[Tensor], Tensor], fires: bool
) -> None:
    assert bool(said(trained(tmp_path, Between(way), X, Y, lr=0.1), RULE)) is fires


def test_what_sums_values_up_is_linear() -> None:
    """f(2a - 3b) = 2 f(a) - 3 f(b), which max-pooling does not hold to."""
    a, b = torch.randn(2, 3, 8, 6, 6)
    ways: dict[str, Callable[[Tensor], Tensor]] = {
        "mean pooling": lambda x: nn.functional.avg_pool2d(x, 3, 2, 1),
        "adaptive": lambda x: nn.functional.adaptive_avg_pool2d(x, 2),
        "padding": lambda x: nn.functional.pad(x, (1, 2, 1, 0)),
        "reflection": lambda x: nn.functional.pad(x, (1, 2, 1, 0), mode="reflect"),
        "nearest": lambda x: nn.functional.interpolate(x, scale_factor=2),
        "bicubic": lambda x: nn.functional.interpolate(x, scale_factor=2, mode="bicubic"),
        "pixels": lambda x: nn.functional.pixel_shuffle(x, 2),
        "patches": lambda x: nn.functional.unfold(x, 3),
        "running sum": lambda x: x.cumsum(-1),
    }
    for name, f in ways.items():
        torch.testing.assert_close(f(2 * a - 3 * b), 2 * f(a) - 3 * f(b), msg=name)
        assert operator(f(a.requires_grad_()).grad_fn.name()) in (SUMS_UP | RESHAPES), name  # type: ignore[union-attr]
    largest = nn.functional.max_pool2d
    assert not torch.allclose(largest(2 * a - 3 * b, 2), 2 * largest(a, 2) - 3 * largest(b, 2))


def test_a_product_of_matrices_is_a_matrix() -> None:
    first, last = nn.Linear(6, 8), nn.Linear(8, 2)
    one = nn.Linear(6, 2)
    one.weight.data = last.weight @ first.weight
    one.bias.data = last.weight @ first.bias + last.bias
    torch.testing.assert_close(one(X), last(first(X)))
