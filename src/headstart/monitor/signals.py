"""What is sampled at a step and whose it is: the tensors of layers and of parameters, each a numbered stream."""

from __future__ import annotations

from typing import Literal

from torch import Tensor
from torch.nn import Module

from headstart.monitor import flow
from headstart.monitor.columns import Columns
from headstart.monitor.ledger import Ledger
from headstart.monitor.modules import OUTPUT, Modules, Slot
from headstart.monitor.names import BirthPlaces
from headstart.monitor.outbox import Outbox
from headstart.monitor.sketch import Sheets
from headstart.monitor.units import DeadUnits

Kind = Literal["input", "activation", "gradient"]


class Signals:
    """The layers and parameters of one run, and the samples of its present step."""

    def __init__(self, births: BirthPlaces, only: Module | None = None) -> None:
        self.sheets = Sheets()
        self.modules = Modules(births, only)
        self.ledger = Ledger(self.sheets, self._new_stream)
        self.dead = DeadUnits()
        self.columns = Columns()
        self.outbox: Outbox | None = None  # until something trains
        self._streams = 0
        self._only = None if only is None else {id(parameter) for parameter in only.parameters()}

    def take(self, slot: Slot, kind: Kind, x: Tensor) -> None:
        """Samples what enters a layer, what leaves it, or the gradient that comes back to its output."""
        self.sheets.put(self.stream(slot, kind), x)
        if kind == "input":
            self.columns.look(slot, x, slot.step)

    def take_output(self, slot: Slot, x: Tensor, step: int) -> None:
        """Samples what leaves a layer; behind a ReLU also looks for dead units."""
        self.take(slot, "activation", x)
        if slot.dead_at is not None:
            self.dead.look(slot, x, step)

    def stream(self, slot: Slot, kind: Kind) -> int:
        stream: int = getattr(slot, f"{kind}_stream")
        if stream < 0:
            stream = self._streams
            self._streams += 1
            setattr(slot, f"{kind}_stream", stream)
            self.modules.unwritten.append((stream, slot, kind))
            if kind == "activation" and slot.activation in OUTPUT:
                self.sheets.read(stream, OUTPUT[slot.activation])
        return stream

    def name_new(self, outbox: Outbox) -> None:
        """Names layers and parameters that were met since, once their whole model has been seen."""
        for name, parameter in self.modules.name_new():
            if self.watches(parameter):
                self.ledger.add(parameter, name, name.rpartition(".")[0])
        for stream, slot, kind in self.modules.unwritten:
            outbox.stream(stream, slot.name, kind)
        for slot in {id(slot): slot for _, slot, _ in self.modules.unwritten}.values():
            if slot.module is not None or slot.activation:  # what a raw tensor is, its graph tells
                outbox.layer(flow.facts_of(slot, self.ledger))
        self.modules.unwritten.clear()

    def watches(self, parameter: Tensor) -> bool:
        return self._only is None or id(parameter) in self._only

    def _new_stream(self, owner: str, tensor: str) -> int:
        self._streams += 1
        if self.outbox is not None:
            self.outbox.stream(self._streams - 1, owner, tensor)
        return self._streams - 1
