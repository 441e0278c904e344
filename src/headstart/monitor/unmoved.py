"""Terms of a loss whose gradient moves nothing: it comes to another optimizer's parameters than those that step along it.

So it is where a generator's loss is told by the discriminator of samples without their graph: the term reaches the
discriminator's parameters alone, whose gradients are cleared before they step. Whether gradients are cleared is told by
what is left of them as the next backward begins, as in `cleared`; where on a device zeros are written, they count as used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from headstart.monitor.graph import leaves_of, tagged
from headstart.monitor.losses import Call
from headstart.monitor.optimizers import parameters_of
from headstart.monitor.weak import Weak

LOOKS = 32  # backwards of one term that are followed, at most
WAIT = 8  # terms that wait to be used, at most


@dataclass(eq=False)
class _Term:
    source: str
    parameters: Weak
    passed: bool = False  # an optimizer of others stepped since its backward


@dataclass
class Unmoved:
    """Follows the terms of the backwards of a run with several optimizers."""

    _used: set[str] = field(default_factory=set)
    _looks: dict[str, int] = field(default_factory=dict)
    _waiting: list[_Term] = field(default_factory=list)

    def settle(self, held: Iterator[Tensor]) -> list[str]:
        """As a backward begins: the terms whose gradients were cleared since others stepped, and before they did."""
        if not self._waiting:
            return []
        gone = [term for term in self._waiting if _are_cleared(term.parameters)]
        self._waiting = [term for term in self._waiting if term not in gone]
        if not gone:
            return []
        known = set(map(id, held))
        return [term.source for term in gone if term.passed and all(id(one) in known for one in term.parameters)]

    def begins(self, roots: Sequence[Tensor], key: str) -> None:
        """Takes the terms of this backward, where there are several."""
        for root in roots:
            terms = tagged(root, key, Call)
            if len(terms) > 1 and len(self._waiting) + len(terms) <= WAIT:
                for node, call in terms:
                    self._take(node, call.source.name)

    def _take(self, node: Any, source: str) -> None:
        self._looks[source] = self._looks.get(source, 0) + 1
        if source not in self._used and self._looks[source] <= LOOKS:
            parameters = list(leaves_of(node))
            if parameters:
                self._waiting.append(_Term(source, Weak(parameters)))

    def steps(self, optimizer: Optimizer) -> list[str]:
        """As an optimizer steps: the terms that wait with a gradient of one of its parameters, and so are used."""
        if not self._waiting:
            return []
        moved = {id(parameter) for parameter in parameters_of(optimizer) if parameter.grad is not None}
        used = [term for term in self._waiting if any(id(parameter) in moved for parameter in term.parameters)]
        self._waiting = [term for term in self._waiting if term not in used]
        for term in self._waiting:
            term.passed = True
        first = {term.source for term in used} - self._used
        self._used |= first
        return sorted(first)


def _are_cleared(parameters: Weak) -> bool:
    gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
    return all(gradient.is_cpu and not gradient.any() for gradient in gradients)
