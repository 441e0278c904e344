"""Whether the gradients of one step were cleared before the backward of the next.

Not by watching `zero_grad`, for people clear gradients in many ways, but by what must be true of the tensors: a
gradient that was set to None is gone, and one that was zeroed in place has another version.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

PROBES = 4  # parameters of an optimizer that are looked at


class Cleared:
    """Follows the gradients of one optimizer's parameters."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        step = max(1, len(parameters) // PROBES)
        self._parameters = list(parameters)[::step]
        self._marks: list[tuple[int, int] | None] = []
        self._cleared = True
        self._backwards = 0

    def backward_begins(self) -> None:
        """Somebody touched a gradient since the last mark: it counts as cleared."""
        if not self._cleared:
            self._cleared = any(
                mark is not None and mark != _mark(parameter)
                for parameter, mark in zip(self._parameters, self._marks, strict=True)
            )

    def backward_ends(self) -> None:
        self._backwards += 1
        if not self._cleared:
            self._marks = [_mark(parameter) for parameter in self._parameters]

    def step_begins(self) -> bool | None:
        """Whether this step's gradients are free of the last step's; None where no backward came between."""
        seen = self._backwards > 0 and any(mark is not None for mark in self._marks)
        return self._cleared if seen else None

    def step_ends(self) -> None:
        self._marks = [_mark(parameter) for parameter in self._parameters]
        self._cleared = False
        self._backwards = 0


def _mark(parameter: Tensor) -> tuple[int, int] | None:
    gradient = parameter.grad
    return None if gradient is None else (id(gradient), gradient._version)
