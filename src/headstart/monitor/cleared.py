"""Whether the gradients of one step were cleared before the backward of the next.

Not by watching `zero_grad`, for people clear gradients in many ways, but by what must be true of the tensors: a
gradient that was set to None is gone, one that was zeroed in place has another version, and one that was zeroed through
`.data`, which leaves the version, is zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from headstart.monitor.sketch import can_sketch
from headstart.monitor.thrown import Thrown
from headstart.monitor.weak import Weak

PROBES = 4  # parameters of an optimizer that are looked at
FIRST = 8  # backwards after which they are asked what they were given
VALUES = 64  # of a gradient that are asked whether they are zero

Mark = tuple[int, int] | None  # a gradient's identity and version


class Cleared:
    """Follows the gradients of one optimizer's parameters."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        step = max(1, len(parameters) // PROBES)
        self._parameters = Weak(parameters[::step])
        self.thrown = Thrown(parameters[::step][: PROBES + 1])
        self._marks: list[Mark] = []
        self._cleared: bool | Tensor = True
        self._backwards = 0
        self._asked = 0
        self._added = False  # a backward wrote to one of these gradients since the last step
        self._before = 0  # backwards before the present step began: the others are of its closure

    def backward_begins(self) -> None:
        """Somebody touched a gradient since the last mark: it counts as cleared."""
        if self._cleared is not True:
            now = self._parameters.are_gone() or touched(self._parameters, self._marks)
            # A device's answer is not known yet: an earlier one must not stand in the way of a later.
            self._cleared = now if now is True or self._cleared is False else self._cleared | now

    def backward_ends(self) -> Tensor | None:
        """Whether a gradient is left that is not zero; None where there is none, or it was asked often enough."""
        self._backwards += 1
        if self._cleared is not True:
            marks = [mark_of(parameter) for parameter in self._parameters]
            self._added |= marks != self._marks
            self._marks = marks
        self._asked += 1
        if self._asked > FIRST:
            return None
        gradients = [parameter.grad for parameter in self._parameters if can_sketch(parameter.grad)]
        return _any(gradients) if gradients else None

    def step_begins(self) -> bool | Tensor | None:
        """Whether this step's gradients are free of the last step's.

        None where no backward came between, or none that adds to them: a master copy's gradients are written by hand.
        """
        self._before = self._backwards
        return self._state()

    def step_ends(self) -> bool | Tensor | None:
        """The same of a step whose only backwards were those of its closure: once cleared in it is enough.

        A closure may go through many batches, so that what comes between two of its backwards need not clear.
        """
        state = None if self._before else self._state()
        self._marks = [mark_of(parameter) for parameter in self._parameters]
        self._cleared = self._added = False
        self._backwards = self._before = 0
        return state

    def _state(self) -> bool | Tensor | None:
        seen = self._backwards > 0 and any(mark is not None for mark in self._marks)
        return self._cleared if seen and (self._added or self._cleared is True) else None


def mark_of(parameter: Tensor) -> Mark:
    gradient = parameter.grad
    return None if gradient is None else (id(gradient), gradient._version)


def touched(parameters: Iterable[Tensor], marks: Sequence[Mark]) -> bool | Tensor:
    """Whether one of the gradients was exchanged or written to since its mark, or all are zero now.

    A tensor where the answer would have to be waited for.
    """
    marked = [(parameter, mark) for parameter, mark in zip(parameters, marks, strict=True) if mark is not None]
    if any(mark != mark_of(parameter) for parameter, mark in marked):
        return True
    gradients = [parameter.grad for parameter, _ in marked if parameter.grad is not None]
    if not gradients:
        return True  # none was left to clear
    zero = _any(gradients).logical_not()
    return bool(zero) if zero.device.type == "cpu" else zero


def _any(gradients: Sequence[Tensor]) -> Tensor:
    left = [gradient.reshape(-1)[:VALUES].any().to(gradients[0].device) for gradient in gradients]
    return torch.stack(left).any()
