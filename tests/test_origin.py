"""What the graph says of a loss's input, against the axis's own numbers: perturbing what lies along it."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from headstart.monitor.origin import origin_of

LINEAR, CONV = nn.Linear(6, 3), nn.Conv2d(2, 3, 1)
GRU, SCALE = nn.GRU(2, 6, batch_first=True), nn.Parameter(torch.ones(3))
S, PICTURE = torch.randn(4, 5, 6), torch.randn(2, 2, 4, 4)

MISPLACED: dict[str, Callable[[], Tensor]] = {
    "sequence": lambda: LINEAR(S).view(4, 3, 5),
    "reshape": lambda: LINEAR(S).reshape(4, 3, 5),
    "activation between": lambda: LINEAR(S).relu().view(4, 3, 5),
    "shifted": lambda: LINEAR(S)[:, :-1].reshape(4, 3, 4),
    "picture": lambda: CONV(PICTURE).view(-1, 3),
    "picture, turned afterwards": lambda: CONV(PICTURE).reshape(2, 16, 3).transpose(1, 2),
    "without bias": lambda: nn.Linear(6, 3, bias=False)(S).view(4, 3, 5),
    "after a recurrent layer": lambda: LINEAR(GRU(torch.randn(4, 5, 2))[0]).view(4, 3, 5),
    "with a learnt scale": lambda: (LINEAR(S) * SCALE).view(4, 3, 5),
    "log_softmax after it": lambda: LINEAR(S).view(4, 3, 5).log_softmax(1),
}
PLACED: dict[str, Callable[[], Tensor]] = {
    "turned": lambda: LINEAR(S).transpose(1, 2),
    "permuted": lambda: LINEAR(S).permute(0, 2, 1),
    "flat": lambda: LINEAR(S).view(-1, 3),
    "turned twice": lambda: LINEAR(S).transpose(0, 1).transpose(0, 1).reshape(20, 3),
    "not turned at all, as long as wide": lambda: LINEAR(torch.randn(4, 3, 6)),
    "picture": lambda: CONV(PICTURE),
    "picture, flat": lambda: CONV(PICTURE).view(2, 3, 16),
    "picture, its classes last": lambda: CONV(PICTURE).permute(0, 2, 3, 1).reshape(-1, 3),
    "one pixel": lambda: CONV(PICTURE[..., :1, :1]).view(-1, 3),
    "several heads": lambda: nn.Linear(6, 15)(S[:, 0]).view(4, 3, 5),
    "one more axis": lambda: LINEAR(S[:, 0]).unsqueeze(-1),
    "turned, after a recurrent layer": lambda: LINEAR(GRU(torch.randn(4, 5, 2))[0]).transpose(1, 2),
    "flat, with a learnt scale": lambda: (LINEAR(S) * SCALE).view(-1, 3),
    "spread over the classes": lambda: (nn.Linear(6, 1)(S) + SCALE).view(4, 3, 5),
    "a leaf": lambda: torch.randn(4, 3, requires_grad=True),
}


def by_hand(z: Tensor) -> Tensor:
    e = torch.exp(z)
    return e / e.sum(1, keepdim=True)


def is_lost(z: Tensor) -> bool:
    return origin_of(z, 1).class_axis_lost


def test_a_mask_lets_each_value_through_or_makes_it_0() -> None:
    z, mask = LINEAR(S).sigmoid() + 1, (torch.rand(4, 5, 3) < 0.5).float()
    found = origin_of(LINEAR(S).sigmoid() * mask, 1)
    assert (found.made_by, found.range) == ("sigmoid", (0.0, 1.0))
    assert origin_of(mask * nn.functional.hardtanh(LINEAR(S), 2.0, 3.0), 1).range == (0.0, 3.0)
    assert origin_of(LINEAR(S).sigmoid() * (1 + mask), 1).range is None
    assert origin_of(z * mask, 1).range is None


@pytest.mark.parametrize("form", MISPLACED)
def test_a_view_that_breaks_up_the_classes_is_seen(form: str) -> None:
    assert is_lost(MISPLACED[form]())


@pytest.mark.parametrize("form", PLACED)
def test_classes_that_stay_together_are_left_alone(form: str) -> None:
    assert not is_lost(PLACED[form]())


@settings(deadline=None)
@given(st.permutations(range(3)), st.integers(0, 2), st.booleans())
def test_the_axis_of_a_softmax_is_followed_through_permutations_and_views(
    order: list[int], axis: int, split: bool
) -> None:
    given = torch.randn(2, 3, 5, requires_grad=True).softmax(axis).permute(order)
    given = given.reshape(*given.shape[:1], 1, *given.shape[1:]) if split else given
    found = origin_of(given, 1).softmax_axis
    assert found is not None
    torch.testing.assert_close(given.sum(found), torch.ones_like(given.sum(found)))


@pytest.mark.parametrize(
    ("made", "op", "bounds"),
    [
        (lambda z: z.sigmoid().view(-1), "sigmoid", (0, 1)),
        (lambda z: z.tanh(), "tanh", (-1, 1)),
        (lambda z: z.relu().squeeze(), "relu", (0, torch.inf)),
        (lambda z: nn.functional.hardtanh(z, -2, 3), "hardtanh", (-2, 3)),
        (lambda z: nn.functional.relu6(z), "hardtanh", (0, 6)),
        (lambda z: z.relu().view(-1).sigmoid(), "sigmoid", (0.5, 1)),
        (lambda z: z.sigmoid().sigmoid(), "sigmoid", (0.5, 1 / (1 + math.exp(-1)))),
        (lambda z: z.relu().tanh(), "tanh", (0, 1)),
        (lambda z: z.tanh().relu(), "relu", (0, 1)),
        (lambda z: (z.relu() - 1).sigmoid(), "sigmoid", (0, 1)),
        (lambda z: by_hand(z), "softmax", (0, 1)),
        (lambda z: by_hand(z - z.max(1, keepdim=True).values), "softmax", (0, 1)),
        (lambda z: z.exp() / (1 + z.exp().sum(1, keepdim=True)), "div", None),
        (lambda z: z.exp() / z.exp().sum(1, keepdim=True).detach(), "div", None),
        (lambda z: z / z.sum(1, keepdim=True), "div", None),
        (lambda z: z.tanh() * 3, "mul", None),
        (lambda z: z, "addmm", None),
    ],
)
def test_what_an_activation_can_give(
    made: Callable[[Tensor], Tensor], op: str, bounds: tuple[float, float] | None
) -> None:
    given = made(LINEAR(30 * torch.randn(8, 6)))
    found = origin_of(given, 1)
    assert (found.made_by, found.range) == (op, bounds)
    if bounds is not None:
        assert bounds[0] <= given.min() <= given.max() <= bounds[1]


MAPS = nn.Conv2d(3, 8, 3, padding=1)(torch.randn(2, 3, 8, 8))  # four classes of two boxes at each place
STEPS = nn.Conv1d(3, 8, 3, padding=1)(torch.randn(2, 3, 12))


@pytest.mark.parametrize(
    "given",
    [
        MAPS.reshape(2, -1, 4).transpose(1, 2),
        MAPS.reshape(-1, 4),
        MAPS.view(2, 128, 4).log_softmax(-1).transpose(1, 2),
        MAPS.transpose(2, 3).reshape(-1, 4),  # pieces of columns
        MAPS.permute(0, 2, 3, 1).reshape(2, 8, 8, 8).transpose(1, 3).reshape(-1, 4),
        STEPS.view(2, 8, 3, 4).permute(0, 3, 1, 2),
        MAPS.view(2, 8, 2, 4, 8).permute(0, 3, 1, 2, 4),  # every row in a block of four
        MAPS[:, :, :6].reshape(-1, 4),
        MAPS[:, 0].reshape(-1, 4),
        torch.cat([MAPS.reshape(2, -1, 4), MAPS[:, :, :4, :4].reshape(2, -1, 4)], 1).transpose(1, 2),
    ],
)
def test_pieces_of_places_are_no_classes(given: Tensor) -> None:
    found = origin_of(given, 1)
    assert (found.class_axis_lost, found.units) == (True, 8)


@pytest.mark.parametrize(
    "given",
    [
        MAPS.permute(0, 2, 3, 1).reshape(2, -1, 4).transpose(1, 2),
        MAPS.permute(0, 2, 3, 1).reshape(-1, 4),
        MAPS.view(2, 2, 4, 8, 8).transpose(1, 2),
        MAPS.view(2, 4, 2, 8, 8),
        MAPS.view(2, 2, 4, 64).permute(0, 1, 3, 2).reshape(-1, 4),
        MAPS.reshape(-1, 8),  # all of a row: which column?
        MAPS.flatten(2).reshape(-1, 64),
        MAPS.permute(3, 1, 2, 0).reshape(8, 8, -1),
        torch.cat([MAPS.permute(0, 2, 3, 1).reshape(2, -1, 4)] * 2, 1).transpose(1, 2),
        torch.cat([MAPS.reshape(2, -1, 2)] * 2, 2).transpose(1, 2),
        MAPS[:, :, :3, :3].reshape(-1, 4),  # over the ends of rows
        nn.Linear(3, 8)(torch.randn(24, 3)).view(6, 4, 8).transpose(1, 2)[:, :2],
        nn.Linear(3, 8)(torch.randn(6, 4, 3)).reshape(6, 8, 4),
    ],
)
def test_classes_among_the_units_of_several_boxes(given: Tensor) -> None:
    assert origin_of(given, 1).units is None
