"""Optimizers that were made and have not stepped, and what the backwards reach in the meantime.

Backwards alone prove nothing: saliency maps, adversarial examples and Fisher information are backwards without a step.
What proves that a step was forgotten is an optimizer that was made for tensors that the backwards reach, while all
other leaves of their graphs are parameters and nothing that it holds ever changes.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.optim import Optimizer

from headstart.monitor.names import user_line
from headstart.monitor.optimizers import parameters_of
from headstart.monitor.sketch import can_sketch, sample_view

NODES = 20_000  # of a graph that are walked
PROBES = 4  # tensors of an optimizer that are asked whether they changed


class Kept(NamedTuple):
    tensor: Tensor
    values: Tensor


class Waiting:
    """The optimizers of one run until the first of them steps."""

    def __init__(self) -> None:
        self._made: list[tuple[weakref.ref[Optimizer], str, str | None]] = []  # its class, the user's line
        self._kept: dict[int, list[Kept]] = {}  # by the optimizer's place in `_made`
        self._looks_into_data = False
        self._backwards = 0
        self.over = False  # one has stepped

    def made(self, optimizer: Optimizer) -> None:
        if not self.over:
            self._made.append((weakref.ref(optimizer), type(optimizer).__name__, user_line()))

    def backward(self, roots: Sequence[Tensor]) -> None:
        """A backward begins; the 1st, 2nd, 4th, 8th, ... are looked at."""
        self._backwards += 1
        if self._backwards & (self._backwards - 1) == 0 and not self._looks_into_data:
            self._look(roots)

    def facts(self) -> list[dict[str, Any]]:
        """Those whose tensors were reached and did not change. It waits for the device."""
        if self.over or self._looks_into_data:
            return []
        waiting = [self._made[place] for place, kept in self._kept.items() if not any(map(_changed, kept))]
        return [{"kind": kind, "line": line, "backwards": self._backwards} for _, kind, line in waiting]

    def stepped(self) -> None:
        self.over = True
        self._made.clear()
        self._kept.clear()

    def _look(self, roots: Sequence[Tensor]) -> None:
        leaves = _leaves(roots)
        held: set[int] = set()
        for place, (ref, _, _) in enumerate(self._made):
            optimizer = ref()
            own = [] if optimizer is None else parameters_of(optimizer)
            held |= {id(tensor) for tensor in own}
            reached = [tensor for tensor in own if id(tensor) in leaves and can_sketch(tensor)]
            if reached and place not in self._kept:
                some = reached[:: max(1, len(reached) // PROBES)][:PROBES]
                self._kept[place] = [Kept(tensor, sample_view(tensor.detach()).clone()) for tensor in some]
        others = (leaf for key, leaf in leaves.items() if key not in held)
        self._looks_into_data = any(not isinstance(leaf, torch.nn.Parameter) for leaf in others)


def _leaves(roots: Sequence[Tensor]) -> dict[int, Tensor]:
    found: dict[int, Tensor] = {}
    todo: list[Any] = [root.grad_fn for root in roots if root.grad_fn is not None]
    seen = set(todo)
    while todo and len(seen) < NODES:
        node = todo.pop()
        if hasattr(node, "variable"):
            found[id(node.variable)] = node.variable
        for child, _ in node.next_functions:
            if child is not None and child not in seen:
                seen.add(child)
                todo.append(child)
    return found


def _changed(kept: Kept) -> bool:
    return not torch.equal(sample_view(kept.tensor.detach()), kept.values)
