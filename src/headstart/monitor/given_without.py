"""What the model's last call gave without gradients: a loss of it is an evaluation, wherever the loss is computed."""

from __future__ import annotations

from typing import Any

from headstart.monitor.sketch import can_sketch


class GivenWithout:
    """The memory that these outputs lie in, until a module is called with gradients.

    Only addresses are kept, so that nothing lives longer. None can have been used again for an output that was made with
    gradients and then detached: its module's call would have come between.
    """

    def __init__(self) -> None:
        self._places: tuple[int, ...] = ()

    def without(self, output: Any) -> None:
        """As a module returns that was called without gradients: the last to return is the whole model."""
        self._places = _places(output)

    def within(self) -> None:
        """As a module returns that was called with gradients."""
        self._places = ()

    def holds(self, given: Any) -> bool:
        """Whether a loss's input is such an output, or a view of one."""
        return bool(self._places) and any(place in self._places for place in _places(given))


def _places(output: Any) -> tuple[int, ...]:
    if can_sketch(output):  # as most outputs are; and each module of an evaluation comes here
        return (output.untyped_storage().data_ptr(),)
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, (tuple, list)) else ()
    return tuple(part.untyped_storage().data_ptr() for part in parts if can_sketch(part))
