"""Whether `cross_entropy` is given probabilities, told by the values: no graph has to show how they were made.

Logits do not lie at or above 0 and sum to 1 for every sample of several batches. Inside torch.func there is no graph, and
no backward either: a loss that such a transform differentiates is looked at as it returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from headstart.monitor.functional import stripped
from headstart.monitor.sketch import can_sketch

LOOKS = 8  # that must all be so
LEVELS = 8  # of transforms within one another
ROUNDING = 1e-4  # of a sum of float32 or float64 probabilities
COARSE = 0.01  # and of half precision's


def are_probabilities(given: Tensor, axis: int) -> Tensor | None:
    """Along an axis; None where there is nothing to choose from."""
    if not given.ndim or given.shape[axis] < 2:
        return None
    x = given.detach()
    rounding = ROUNDING if x.dtype in (torch.float32, torch.float64) else COARSE
    return (x >= 0).all() & ((x.sum(axis, dtype=torch.float32) - 1).abs().amax() < rounding)


def due(calls: int) -> bool:
    """Whether a call is looked at: the first eight, then 16, 32, ..."""
    return calls <= LOOKS or calls & (calls - 1) == 0


class Functional:
    """The calls within `torch.func.grad` and its kin, by the user's line."""

    def __init__(self) -> None:
        self._calls: dict[str | None, int] = {}
        self._told: dict[
            str | None, int
        ] = {}  # lines that were given probabilities at all looks, and of how many classes
        self._not: set[str | None] = set()  # lines that were given something else

    def looks(self, line: str | None, given: Tensor) -> dict[str, Any] | None:
        """Takes an input without its wrappers; returns what there is to tell from now on, None if that is as it was."""
        calls = self._calls[line] = self._calls.get(line, 0) + 1
        if line in self._not or not due(calls):
            return None
        axis = 1 if given.ndim > 1 else 0
        found = are_probabilities(given, axis)
        if found is None or not found:
            self._not.add(line)
            return None if self._told.pop(line, None) is None else self._first()
        if calls >= LOOKS and line not in self._told:
            self._told[line] = given.shape[axis]
            return self._first()
        return None

    def _first(self) -> dict[str, Any]:
        return next(({"line": line, "classes": classes} for line, classes in self._told.items()), {})


def unwrapped(kind: str, arguments: Mapping[str, Any]) -> Tensor | None:
    """The input of a `cross_entropy` that a transform differentiates, as a plain tensor on the CPU.

    On a device it would be waited for; of a batched one (vmap) the axes are others.
    """
    given = arguments.get("input")
    if (
        kind != "cross_entropy"
        or not isinstance(given, Tensor)
        or not torch._C._functorch.is_gradtrackingtensor(given)
    ):
        return None
    plain, batched = stripped(given, LEVELS)
    return plain if plain is not None and not batched and can_sketch(plain) and plain.is_cpu else None
