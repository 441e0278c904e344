"""Plain tensors that a module multiplies by: found in any form of product, told from what is computed or trained."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from headstart.monitor.names import BirthPlaces
from headstart.monitor.plain import LOOKS, PlainWeights, is_drawn


class Plain(nn.Module):
    def __init__(self, form: Callable[[Tensor, Tensor, Tensor], Tensor], *, mirrored: bool = False) -> None:
        super().__init__()
        self.weight = torch.randn((4, 6) if mirrored else (6, 4))
        self.bias = torch.randn(4)
        self.form = form

    def forward(self, x: Tensor) -> Tensor:
        return self.form(x, self.weight, self.bias)


def found(module: nn.Module, change: Callable[[], object] = lambda: None) -> list[str]:
    watched = PlainWeights(BirthPlaces())
    for step in range(LOOKS + 1):
        x = torch.randn(5, 3, 6)
        watched.called(module, (x,), module(x), step, "net.0")
        change()
    return [facts["name"] for facts in watched.facts()]


@pytest.mark.parametrize(
    ("form", "mirrored"),
    [
        (lambda x, w, b: x @ w, False),
        (lambda x, w, b: x @ w + b, False),
        (lambda x, w, b: x @ w.t() + b, True),
        (lambda x, w, b: nn.functional.linear(x, w, b), True),
        (lambda x, w, b: torch.einsum("bti,io->bto", x, w).relu(), False),
        (lambda x, w, b: (x @ w + b).tanh(), False),
    ],
)
def test_a_product_with_a_plain_tensor_is_found_in_any_form(
    form: Callable[[Tensor, Tensor, Tensor], Tensor], mirrored: bool
) -> None:
    assert found(Plain(form, mirrored=mirrored)) == ["weight"]


def test_a_parameter_a_buffer_and_what_is_no_product_are_not() -> None:
    product = Plain(lambda x, w, b: x @ w)
    product.scale = nn.Parameter(torch.ones(4, 4))
    assert found(product) == []
    kept = nn.Linear(6, 4)
    assert found(kept) == []
    assert found(Plain(lambda x, w, b: torch.cat([(x @ w).sin(), (x @ w).cos()], -1))) == []
    assert found(Plain(lambda x, w, b: x * w.t()[:1] + w.t()[1:2])) == []


def test_what_is_written_into_is_trained_by_somebody() -> None:
    written, replaced = (Plain(lambda x, w, b: x @ w) for _ in range(2))
    assert found(written, lambda: written.weight.mul_(0.9)) == []
    assert found(replaced, lambda: setattr(replaced, "weight", replaced.weight * 0.9)) == []


def test_drawn_matrices_are_told_from_computed_ones() -> None:
    x = torch.randn(200, 12) @ torch.randn(12, 12)
    _, scale, directions = torch.linalg.svd(x - x.mean(0), full_matrices=False)
    cosines = torch.cos(torch.outer(torch.arange(12) + 0.5, torch.arange(12) * torch.pi / 12))
    assert is_drawn(torch.randn(12, 8))
    assert is_drawn(torch.rand(8, 12))
    for computed in (directions.t(), directions.t() / scale, (directions.t() / scale) @ directions, cosines):
        assert not is_drawn(computed)
    assert not is_drawn((torch.rand(12, 8) > 0.5).float())
