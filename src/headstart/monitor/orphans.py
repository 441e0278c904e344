"""Parameters whose optimizer is gone, that were frozen as the next one was made, and were unfrozen later.

They get gradients, and the optimizers that are left do not move them. Without the order of these events it might be meant:
parts that are trained in turns, each by an optimizer of its own, or a head at the end.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.optim import Optimizer

from headstart.monitor.ledger import Ledger
from headstart.monitor.optimizers import parameters_of
from headstart.monitor.sketch import can_sketch, sample_view
from headstart.monitor.weak import Reference, reference


@dataclass
class Orphan:
    """One of them, since it was first seen to be one."""

    gradient: weakref.ref[Tensor]  # the last one
    version: int  # of that gradient
    values: Tensor  # a sample of its own
    steps: int = 0  # that brought it a new gradient


class Orphans:
    """Those of one run."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._gone = False  # one of them
        self._frozen: dict[int, Reference] = {}  # parameters that were so as an optimizer was made, or stepped
        self._known: dict[int, Orphan] = {}

    def made(self, optimizer: Optimizer) -> None:
        """Takes note of an optimizer as it is made, or as it steps."""
        if optimizer not in self._optimizers:
            self._optimizers.add(optimizer)
            weakref.finalize(optimizer, self._lost).atexit = False
            self._frozen |= {id(p): reference(p) for p, _ in self._ledger.tensors() if not p.requires_grad}

    def look(self) -> None:
        """As an optimizer has stepped, on sketched steps."""
        if not (self._gone and self._frozen):
            return
        held = {id(parameter) for optimizer in self._optimizers for parameter in parameters_of(optimizer)}
        for parameter, entry in self._ledger.tensors():
            steps = 0
            frozen = self._frozen.get(id(parameter))
            was_trained = entry.facts.optimizer is not None and frozen is not None and frozen() is parameter
            if was_trained and id(parameter) not in held and parameter.requires_grad:
                steps = self._steps(parameter)
            if steps != entry.facts.orphaned:
                entry.facts = replace(entry.facts, orphaned=steps)
                entry.dirty |= steps & (steps - 1) == 0

    def _lost(self) -> None:
        self._gone = True

    def _steps(self, parameter: Tensor) -> int:
        """Steps that brought it gradients while nothing moved it; on other devices than the CPU that is not asked."""
        gradient, known = parameter.grad, self._known.get(id(parameter))
        if not can_sketch(parameter) or gradient is None:
            return 0
        values = sample_view(parameter.detach())
        if known is None or (values.is_cpu and not torch.equal(values, known.values)):
            self._known[id(parameter)] = Orphan(weakref.ref(gradient), gradient._version, values.clone())
            return 0
        if known.gradient() is not gradient or known.version != gradient._version:
            known.gradient, known.version = weakref.ref(gradient), gradient._version
            known.steps += 1
        return known.steps
