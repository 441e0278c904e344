"""The optimizers of a run: their names, what they hold at which rate, and whether their gradients are cleared."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any, NamedTuple

from torch import Tensor
from torch.optim import Optimizer

from headstart.monitor.cleared import PROBES, Cleared
from headstart.monitor.ledger import Ledger
from headstart.monitor.names import variable_of
from headstart.monitor.outbox import Outbox
from headstart.monitor.weak import Weak
from headstart.record import Optimizer as Facts


class Known(NamedTuple):
    name: str
    cleared: Cleared


RECENT = 8  # dead optimizers whose gradients are still followed: one made anew for each step is dead at backward


@dataclass
class Life:
    """One optimizer, through all the objects that took over from one another."""

    known: Known
    object: weakref.ref[Optimizer]  # an id alone may be that of a dead one
    held: tuple[int, ...]
    probes: Weak
    facts: Facts
    versions: list[int]  # of the probes at its last step
    steps: int = 0
    remade: int = 0

    def line(self) -> Facts:
        """Its facts as they stand now."""
        return replace(self.facts, steps=self.steps, remade=self.remade)


class Optimizers:
    """Those that have stepped, by their first step."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._lives: list[Life] = []
        self._of: dict[int, Life] = {}
        self._recent: dict[int, None] = {}  # by their last step
        self._lines: weakref.WeakKeyDictionary[Optimizer, str | None] = weakref.WeakKeyDictionary()
        self._noted: tuple[Any, ...] = ()  # what was written into the ledger last

    def __bool__(self) -> bool:
        return bool(self._lives)

    @property
    def several(self) -> bool:
        return len(self._lives) > 1

    def __contains__(self, optimizer: Optimizer) -> bool:
        life = self._of.get(id(optimizer))
        return life is not None and life.object() is optimizer

    def __iter__(self) -> Iterator[Known]:
        """Those that live or stepped of late: of hundreds of short trainings the past ones cost nothing more."""
        return (life.known for life in self._lives if life.object() is not None or id(life) in self._recent)

    def __getitem__(self, optimizer: Optimizer) -> Known:
        return self._of[id(optimizer)].known

    def made(self, optimizer: Optimizer, line: str | None) -> None:
        """As it is made, by that line of the user's."""
        self._lines[optimizer] = line

    def meet(self, optimizer: Optimizer, outbox: Outbox) -> Known:
        """The optimizer as it is known; at its first step its options are written."""
        if optimizer not in self:
            parameters = parameters_of(optimizer)
            held = tuple(map(id, parameters))
            kind = type(optimizer).__name__
            life = self._heir(kind, held, parameters)
            if life is None:
                life = self._new(optimizer, kind, parameters, held)
                outbox.thing(life.facts)
            else:
                self._take_over(life, optimizer, outbox)
            self._of[id(optimizer)] = life
        return self[optimizer]

    def finds_new_weights(self, optimizer: Optimizer) -> bool:
        """Whether somebody else changed what it holds since its last step, or that of the one before it."""
        life = self._of[id(optimizer)]
        return life.steps > 0 and life.versions != [probe._version for probe in life.probes]

    def stepped(self, optimizer: Optimizer) -> None:
        life = self._of[id(optimizer)]
        life.steps += 1
        self._recent.pop(id(life), None)
        self._recent[id(life)] = None
        if len(self._recent) > RECENT:
            del self._recent[next(iter(self._recent))]
        life.versions = [probe._version for probe in life.probes]

    def steps(self, optimizer: Optimizer) -> int:
        """That it has made."""
        return self._of[id(optimizer)].steps

    def write(self, outbox: Outbox) -> None:
        """What is known in the end."""
        for life in self._lives:
            outbox.thing(life.line())

    def held(self) -> Iterator[Tensor]:
        """All that those hold which live."""
        for life in self._lives:
            if (optimizer := life.object()) is not None:
                yield from parameters_of(optimizer)

    def note_held(self, optimizer: Optimizer) -> None:
        """Writes into the ledger what it holds now, at which rate and decay."""
        name = self[optimizer].name
        rates = [(number(group.get("lr")), number(group.get("weight_decay"))) for group in optimizer.param_groups]
        held = [[id(parameter) for parameter in group["params"]] for group in optimizer.param_groups]
        noted = (name, rates, held, self._ledger.met)
        if noted == self._noted and all(map(self._ledger.__contains__, parameters_of(optimizer))):
            return
        for index, (group, (lr, decay)) in enumerate(zip(optimizer.param_groups, rates, strict=True)):
            for place, parameter in enumerate(group["params"]):
                if parameter not in self._ledger:
                    own = variable_of(parameter) or f"{name.lower()}.{index}.{place}"
                    self._ledger.add(parameter, own)
                self._ledger.held_by(name, parameter, lr, decay)
        self._noted = (*noted[:3], self._ledger.met)

    def _heir(self, kind: str, held: tuple[int, ...], parameters: list[Tensor]) -> Life | None:
        """The optimizer whose object is dead and whose tensors these are, if there is one."""
        same = [life for life in self._lives if life.facts.kind == kind and life.held == held]
        dead = (life for life in same if life.object() is None)
        return next((life for life in dead if list(map(id, life.probes)) == list(map(id, _probes(parameters)))), None)

    def _new(self, optimizer: Optimizer, kind: str, parameters: list[Tensor], held: tuple[int, ...]) -> Life:
        same = sum(life.facts.kind == kind for life in self._lives)
        name = f"{kind}-{same + 1}" if same else kind
        group = optimizer.param_groups[0]
        options = {key: value for key, value in group.items() if isinstance(value, (bool, int, float, str))}
        facts = Facts(name, kind, options, len(parameters), line=self._lines.get(optimizer))
        life = Life(Known(name, Cleared(parameters)), weakref.ref(optimizer), held, _probes(parameters), facts, [])
        self._lives.append(life)
        return life

    def _take_over(self, life: Life, optimizer: Optimizer, outbox: Outbox) -> None:
        """Weights that were drawn or loaded anew in between make a new run of it: nothing is lost."""
        life.object = weakref.ref(optimizer)
        if life.versions == [probe._version for probe in life.probes]:
            life.remade += 1
            if life.remade & (life.remade - 1) == 0:  # the rest is written in the end
                outbox.thing(life.line())


def parameters_of(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _probes(parameters: list[Tensor]) -> Weak:
    return Weak(parameters[:: max(1, len(parameters) // PROBES)][:PROBES])


def number(value: Any) -> float | None:
    """A rate as a number; None for what is none, and for a tensor on a device, which would have to be waited for."""
    if type(value) is float:
        return value
    if isinstance(value, Tensor):
        return float(value) if value.device.type == "cpu" and value.numel() == 1 else None
    return float(value) if isinstance(value, Real) else None
