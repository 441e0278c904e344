"""The optimizers of a run: their names, what they hold at which rate, and whether their gradients are cleared."""

from __future__ import annotations

from collections.abc import Iterator
from numbers import Real
from typing import Any, NamedTuple

from torch import Tensor
from torch.optim import Optimizer

from headstart.monitor.cleared import Cleared
from headstart.monitor.ledger import Ledger
from headstart.monitor.names import variable_of
from headstart.monitor.outbox import Outbox
from headstart.record import Optimizer as Facts


class Known(NamedTuple):
    name: str
    cleared: Cleared


class Optimizers:
    """Those that have stepped, by their first step."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: dict[int, Known] = {}

    def __bool__(self) -> bool:
        return bool(self._known)

    def __contains__(self, optimizer: Optimizer) -> bool:
        return id(optimizer) in self._known

    def __iter__(self) -> Iterator[Known]:
        return iter(self._known.values())

    def __getitem__(self, optimizer: Optimizer) -> Known:
        return self._known[id(optimizer)]

    def meet(self, optimizer: Optimizer, outbox: Outbox) -> Known:
        """The optimizer as it is known; at its first step its options are written."""
        if optimizer not in self:
            kind = type(optimizer).__name__
            same = sum(known.name.partition("-")[0] == kind for known in self._known.values())
            name = f"{kind}-{same + 1}" if same else kind
            parameters = parameters_of(optimizer)
            self._known[id(optimizer)] = Known(name, Cleared(parameters))
            group = optimizer.param_groups[0]
            options = {key: value for key, value in group.items() if isinstance(value, (bool, int, float, str))}
            outbox.thing(Facts(name, kind, options, len(parameters)))
        return self[optimizer]

    def note_held(self, optimizer: Optimizer) -> None:
        """Writes into the ledger what it holds now, at which rate and decay."""
        name = self[optimizer].name
        for index, group in enumerate(optimizer.param_groups):
            lr, decay = (number(group.get(key)) for key in ("lr", "weight_decay"))
            for place, parameter in enumerate(group["params"]):
                if parameter not in self._ledger:
                    own = variable_of(parameter) or f"{name.lower()}.{index}.{place}"
                    self._ledger.add(parameter, own)
                self._ledger.held_by(name, parameter, lr, decay)


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def number(value: Any) -> float | None:
    """A rate as a number; None for what is none, and for a tensor on a device, which would have to be waited for."""
    if isinstance(value, Tensor):
        return float(value) if value.device.type == "cpu" and value.numel() == 1 else None
    return float(value) if isinstance(value, Real) else None
