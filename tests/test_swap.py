"""Which activations are hidden ones, and which of these can be swapped."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from headstart.train.swap import Places, places_of, swap

X = torch.randn(6, 4)


def found(model: nn.Module, x: Tensor = X) -> Places:
    return places_of(model, lambda model: model(x).square().mean())


class Written(nn.Module):
    """A forward that a test writes, over a few layers."""

    def __init__(self, forward: Callable[[Written, Tensor], Tensor]) -> None:
        super().__init__()
        self.first, self.second, self.last = nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 1)
        self.act, self.sigmoid = nn.ReLU(), nn.Sigmoid()
        self._forward = forward

    def forward(self, x: Tensor) -> Tensor:
        return self._forward(self, x)


def test_modules_in_front_of_a_layer_are_swapped_and_the_outputs_are_not() -> None:
    model = nn.Sequential(
        nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4), nn.ReLU(inplace=True), nn.Linear(4, 1), nn.Sigmoid()
    )
    places = found(model)
    assert places == Places(("1", "3"), ())
    swap(model, places.modules, nn.SiLU)
    assert [type(layer).__name__ for layer in model][1::2] == ["SiLU", "SiLU", "Sigmoid"]


@pytest.mark.parametrize(
    ("forward", "places"),
    [
        (lambda m, x: m.last(F.relu(m.first(x))), Places((), ("relu after first",))),
        (lambda m, x: m.last(m.first(x).clamp(min=0)), Places((), ("clamp_min after first",))),
        (lambda m, x: m.last(F.relu(m.second(m.act(m.first(x))))), Places(("act",), ("relu after second",))),
        (lambda m, x: m.last(m.act(m.second(m.act(m.first(x))))), Places(("act",), ())),  # in two places
        (lambda m, x: m.last(m.first(x) * m.sigmoid(m.second(x))), Places((), ())),  # a gate
        (lambda m, x: m.last(m.first(x) * torch.sigmoid(m.second(x))), Places((), ())),
        (lambda m, x: m.last(F.relu(m.first(x) + m.second(x))), Places((), ("relu after first and second",))),
        (lambda m, x: m.last(m.act(x + m.first(x))), Places(("act",), ())),  # after a shortcut's sum
        (lambda m, x: torch.tanh(m.last(m.act(m.first(x)))), Places(("act",), ())),
        (lambda m, x: m.last(F.softmax(m.first(x), 1)), Places((), ())),  # attention's, or a choice
        (lambda m, x: m.last(m.first(x)), Places((), ())),
    ],
)
def test_calls_are_named_by_the_layers_before_them(
    forward: Callable[[Written, Tensor], Tensor], places: Places
) -> None:
    assert found(Written(forward)) == places


def test_a_recurrent_loop_is_one_place() -> None:
    def forward(m: Written, x: Tensor) -> Tensor:
        state = torch.zeros_like(x)
        for _ in range(5):
            state = torch.tanh(m.first(x) + m.second(state))
        return m.last(state)

    names = found(Written(forward)).fixed
    assert set(names) == {"tanh after first and second"}


def test_an_activation_behind_a_frozen_layer_is_seen() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    model[:3].requires_grad_(False)
    assert found(model).modules == ("1", "3")


def test_a_module_with_hooks_stays_and_is_named() -> None:
    model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 1))
    model[1].register_forward_hook(lambda module, args, output: None)
    assert found(model) == Places(("3",), ("1, which has hooks",))
    assert not model[3]._forward_hooks


def test_a_rectifier_inside_a_checkpoint_is_swapped_though_the_graph_hides_it() -> None:
    inner = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4))

    class Outer(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.last = inner, nn.Linear(4, 1)

        def forward(self, x: Tensor) -> Tensor:
            return self.last(checkpoint(self.inner, x.requires_grad_(), use_reentrant=True))

    assert found(Outer(), X.clone()).modules == ("inner.1",)


def test_the_old_activation_is_put_in_every_place_where_it_stood() -> None:
    act = nn.ReLU()
    model = nn.Sequential(nn.Linear(4, 4), act, nn.Linear(4, 4), act, nn.Linear(4, 1)).eval()
    swap(model, found(model).modules, nn.LeakyReLU)
    assert model[1] is model[3]
    assert isinstance(model[1], nn.LeakyReLU)
    assert not model[1].training
