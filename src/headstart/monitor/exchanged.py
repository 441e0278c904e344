"""Parameters that an optimizer holds and that their module holds no more: another tensor stands in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from torch import Tensor

from headstart.monitor.ledger import Ledger
from headstart.monitor.modules import Modules

GROWTH = 5 / 4  # from look to look: some four for each doubling of the steps


class Exchanged:
    """Looks for them now and then."""

    def __init__(self, modules: Modules, ledger: Ledger) -> None:
        self._modules, self._ledger = modules, ledger
        self._next = 1

    def due(self, step: int) -> bool:
        return step >= self._next

    def look(self, step: int, held: Iterable[Tensor]) -> None:
        """Notes where the tensor in a parameter's place gets gradients and is none of `held`, and where that is over."""
        self._next = max(step + 1, int(GROWTH * step))
        known = {id(parameter) for parameter in held}
        now = dict(self._modules.parameters())
        for parameter, entry in self._ledger.tensors():
            other = now.get(entry.facts.name, parameter)
            lost = (
                other is not parameter
                and entry.facts.optimizer is not None
                and other.requires_grad
                and other.grad is not None
                and id(other) not in known
            )
            if lost != (entry.facts.exchanged is not None):
                entry.facts, entry.dirty = replace(entry.facts, exchanged=step if lost else None), True
