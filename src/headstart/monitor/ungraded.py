"""Parts of a model that run under `no_grad` within its forward, while the whole of it runs with gradients."""

from __future__ import annotations

from dataclasses import replace

from torch.nn import Module

from headstart.monitor.ledger import Ledger


class Ungraded:
    """Those of one run, and how many steps they ran so."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._called: set[int] = set()  # modules, in a forward that has not ended
        self._inside: set[int] = set()  # parameters of those that were inside of a model's, in this step

    def without(self, module: Module, outermost: bool) -> None:
        """As a module returns that was called without gradients; with its whole model it is an evaluation."""
        if outermost:
            self._called.clear()
        elif module._parameters:
            self._called.add(id(module))

    def within(self, model: Module) -> None:
        """As a model returns that was called with gradients."""
        if self._called:
            parts = (part for part in model.modules() if id(part) in self._called)
            self._inside |= {id(p) for part in parts for p in part._parameters.values() if p is not None}
            self._called.clear()

    def end_step(self) -> None:
        """Writes the parameters into the ledger that were used so and may be trained."""
        for parameter, entry in self._ledger.tensors() if self._inside else ():
            if id(parameter) in self._inside and parameter.requires_grad:
                entry.facts = replace(entry.facts, ungraded=entry.facts.ungraded + 1)
                entry.dirty |= entry.facts.ungraded & (entry.facts.ungraded - 1) == 0
        self._called.clear()
        self._inside.clear()
