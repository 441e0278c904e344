"""What the model's last call gave without gradients: a loss of it is an evaluation, wherever the loss is computed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from headstart.monitor.sketch import can_sketch


class GivenWithout:
    """The memory that these outputs lie in, until a module is called with gradients.

    Only addresses are kept, so that nothing lives longer. None can have been used again for an output that was made with
    gradients and then detached: its module's call would have come between.
    """

    def __init__(self) -> None:
        self._places: frozenset[int] = frozenset()

    def without(self, output: Any) -> None:
        """As a module returns that was called without gradients: the last to return is the whole model."""
        self._places = frozenset(_places(output))

    def within(self) -> None:
        """As a module returns that was called with gradients."""
        self._places = frozenset()

    def holds(self, given: Any) -> bool:
        """Whether a loss's input is such an output, or a view of one."""
        return bool(self._places) and any(place in self._places for place in _places(given))


def _places(output: Any) -> Iterator[int]:
    tensors = (
        output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else [output]
    )
    for tensor in tensors:
        if can_sketch(tensor):
            yield tensor.untyped_storage().data_ptr()
