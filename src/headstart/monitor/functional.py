"""Loops in the style of `torch.func`: gradients come of `grad(loss)(parameters, ...)`, and new parameters replace the old.

No tensor lasts from step to step there, and nothing has a `.grad`. So each place in the arguments has a stand-in, a tensor
that is given the place's values and gradients at each call: an update by hand, as all else knows it.

Derivatives by data are no training. So nothing is followed before it has changed, along its gradients or against them, or
stayed as it was for some calls. Of tensors without a key, of which vmapped ones are data, that may be chance: they are to
change by the same multiple of their gradients some times in a row, unless they are several, and of many values.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import Parameter

from headstart.monitor.names import user_line, variable_of
from headstart.monitor.sketch import can_sketch

ALONG = 0.3  # cosine of the first update and its gradients, at least: that of Adam's, their signs, is 0.8
MANY = 256  # values of several tensors without a key, of which such a cosine is not by chance: it is 1/16 then
EXACTLY = 0.999  # the same of fewer
TIMES, RATE = 3, 0.01  # updates of these in a row, and by how much their rates may differ
OTHERS = 3  # calls with other shapes than the first's, after which nothing more is followed
UNCHANGED = 3  # calls with the same values that are followed as well: an update that reaches nothing


class Place(NamedTuple):
    """One tensor of the arguments that are differentiated."""

    name: str
    value: Tensor
    gradient: Tensor


@contextmanager
def outside() -> Iterator[None]:
    """Where no transform is under way: within one all that is computed would get its wrappers."""
    from torch._functorch.pyfunctorch import temporarily_clear_interpreter_stack

    with temporarily_clear_interpreter_stack():
        yield


class FunctionalLoop:
    """The first loop of a run that has no optimizer."""

    def __init__(self) -> None:
        self._loss: tuple[str, Mapping[str, Any], Tensor, str | None] | None = None
        self._names: list[str] = []
        self._sure = False  # that no chance makes them go along their gradients
        self._stands: list[Tensor] = []
        self._gradients: list[Tensor] = []
        self._trains: bool | None = None  # None: nothing has changed yet
        self._rates: list[float] = []  # of updates of tensors without a key, as long as these are not known to train
        self._others = self._calls = 0

    def take(self, arguments: Any, gradients: Any) -> list[tuple[str, Tensor]]:
        """Names and stand-ins as of this call; none where it is not known to train."""
        if self._trains is False or self._others > OTHERS:
            return []
        places = list(_places(arguments, gradients))
        if not places or not all(can_sketch(x) and x.is_cpu for _, *both in places for x in both):
            return []
        if not self._stands:
            several = len(places) > 1 and sum(place.value.numel() for place in places) >= MANY
            self._names, self._sure = _names(places), several or all(place.name for place in places)
            self._stands = [Parameter(place.value.detach().clone()) for place in places]
        elif [place.value.shape for place in places] != [stand.shape for stand in self._stands]:
            self._others += 1
            return []
        elif not self._update(places):
            return []
        self._gradients = [place.gradient.detach() for place in places]
        for stand, gradient in zip(self._stands, self._gradients, strict=True):
            stand.grad = gradient.clone()
        self._calls += 1
        known = self._trains or self._calls > UNCHANGED
        return list(zip(self._names, self._stands, strict=True)) if known else []

    def lost(self, kind: str, arguments: Mapping[str, Any], loss: Any) -> None:
        """As a loss function returns within a transform."""
        if self._trains is not False and isinstance(loss, Tensor) and torch._C._functorch.is_gradtrackingtensor(loss):
            self._loss = kind, arguments, loss, user_line()

    def loss(self, output: Tensor) -> tuple[str, dict[str, Any], Tensor, str | None] | None:
        """The last loss function's name, arguments, value and line, if all that is differentiated is its value."""
        if self._loss is None:
            return None
        kind, arguments, loss, line = self._loss
        value, batched = stripped(loss, 1)
        if value is None or batched or value.ndim or not value.equal(output):
            return None
        unwrapped = {
            name: stripped(given, 1)[0] if isinstance(given, Tensor) else given for name, given in arguments.items()
        }
        return kind, unwrapped, value, line

    def forget_loss(self) -> None:
        """It would keep a step's graph alive."""
        self._loss = None

    def _update(self, places: Sequence[Place]) -> bool:
        """Whether it still trains, for all that is known."""
        pairs = list(zip(self._stands, (place.value.detach() for place in places), strict=True))
        if all(stand.equal(value) for stand, value in pairs):
            return True
        if self._trains is None:
            steps = torch.cat([(value - stand).reshape(-1).double() for stand, value in pairs])
            self._trains = self._go_along(steps, torch.cat([x.reshape(-1).double() for x in self._gradients]))
        for stand, value in pairs:
            stand.copy_(value)
        return self._trains is not False

    def _go_along(self, steps: Tensor, gradients: Tensor) -> bool | None:
        cosine = float(torch.cosine_similarity(steps, gradients, dim=0).abs())
        if self._sure:
            return cosine > ALONG
        self._rates.append(float(steps @ gradients / (gradients @ gradients)))
        if cosine < EXACTLY or not math.isclose(self._rates[-1], self._rates[0], rel_tol=RATE):
            return False
        return len(self._rates) >= TIMES or None


def _names(places: Sequence[Place]) -> list[str]:
    """By their keys; what has none by the user's variables."""
    names = [place.name or variable_of(place.value) or f"argument{number}" for number, place in enumerate(places)]
    return [name if name not in names[:number] else f"{name}-{number}" for number, name in enumerate(names)]


def stripped(tensor: Any, own: int = 0) -> tuple[Tensor | None, bool]:
    """What transforms have wrapped, of which `own` differentiate; and whether vmap batched it, along its first axis then.

    None where another transform differentiates outside, or it is no tensor.
    """
    functorch, batches = torch._C._functorch, 0
    while isinstance(tensor, Tensor) and functorch.is_functorch_wrapped_tensor(tensor):
        axis = functorch.maybe_get_bdim(tensor) if functorch.is_batchedtensor(tensor) else None
        own -= functorch.is_gradtrackingtensor(tensor)
        tensor = functorch.get_unwrapped(tensor)
        if axis is not None:
            batches += 1
            tensor = tensor.movedim(axis, 0)
    known = isinstance(tensor, Tensor) and own >= 0 and batches < 2
    return (tensor if known else None), bool(batches)


def _places(arguments: Any, gradients: Any, path: str = "") -> Iterator[Place]:
    """Of matching trees of dictionaries, lists and tuples."""
    if isinstance(arguments, Tensor):
        (value, batched), (gradient, _) = stripped(arguments, 1), stripped(gradients)
        if value is not None and gradient is not None and value.shape == gradient.shape and (path or not batched):
            yield Place(path, value, gradient)
    elif isinstance(arguments, Mapping) and isinstance(gradients, Mapping):
        for key, argument in arguments.items():
            if key in gradients:
                yield from _places(argument, gradients[key], f"{path}.{key}" if path else str(key))
    elif isinstance(arguments, (list, tuple)) and isinstance(gradients, (list, tuple)):
        for argument, gradient in zip(arguments, gradients, strict=False):
            yield from _places(argument, gradient, path)
