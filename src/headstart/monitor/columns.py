"""What the layers that are fed by data are given, as the sketched steps show it: whether every value is finite.

A sketch samples; here all values count, for a single NaN is enough. It costs one sum of the input a step: only where that
is not finite is more looked at.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from headstart.monitor.modules import Slot
from headstart.record import Input

MOST = 64  # layers that are followed
STEPS = 64  # steps with values that are not finite that are told of one layer
COLUMNS = 8  # columns that are named
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


@dataclass
class Entry:
    """One layer, and what it was given."""

    slot: Slot
    facts: Input
    sums: list[tuple[int, Tensor]] = field(default_factory=list)  # by step: on a device that is not waited for
    bad_steps: list[int] = field(default_factory=list)
    bad: Tensor | None = None  # values that are not finite, by column, of one look
    values: int = 0  # in each column of that look

    def look(self, x: Tensor, step: int) -> None:
        if x.device.type == "cpu":  # asking costs no wait
            if not math.isfinite(x.sum(dtype=torch.float32 if x.element_size() < 4 else None)):
                bad, values = self._count(x)
                if bool(bad.any()):  # else the sum alone grew beyond its range
                    self._note(step)
                    if self.bad is None:
                        self.bad, self.values = bad, values
            return
        self.sums.append((step, x.sum(dtype=torch.float32 if x.device.type == "mps" else torch.float64)))
        if self.bad_steps and self.bad is None:
            self.bad, self.values = self._count(x)

    def _count(self, x: Tensor) -> tuple[Tensor, int]:
        axis = _axis(self.slot, x)
        columns = x.movedim(axis, -1).reshape(-1, x.shape[axis])
        return columns.isfinite().logical_not_().sum(0), columns.shape[0]

    def _note(self, step: int) -> None:
        if len(self.bad_steps) < STEPS and step not in self.bad_steps:
            self.bad_steps.append(step)

    def line(self) -> Input:
        """As the record holds it. Waits for the device."""
        if self.sums:
            sums = torch.stack([total for _, total in self.sums]).tolist()
            for (step, _), total in zip(self.sums, sums, strict=True):
                if not math.isfinite(total):
                    self._note(step)
            self.sums.clear()
        bad = [] if self.bad is None or not self.bad_steps else self.bad.tolist()
        worst = sorted((column for column, count in enumerate(bad) if count), key=lambda column: -bad[column])
        return Input(
            self.slot.name,
            bad_steps=tuple(self.bad_steps),
            bad_share=sum(bad) / (len(bad) * self.values) if any(bad) else None,
            bad_columns=tuple(sorted(worst[:COLUMNS])),
            bad_columns_of=(len(worst), len(bad)),
        )


class Columns:
    """The inputs of all layers of one run that are fed by data."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    def look(self, slot: Slot, x: Tensor, step: int) -> None:
        """`x`: what `slot` is given at a sketched step."""
        entry = self._entries.get(id(slot))
        if entry is None:
            if len(self._entries) >= MOST:
                return
            entry = self._entries[id(slot)] = Entry(slot, Input(""))
        if x.dtype in FLOATS:
            entry.look(x, step)

    def changed(self) -> Iterator[Input]:
        """What was not told before, of layers that have a name by now."""
        for entry in self._entries.values():
            if entry.slot.name and (line := entry.line()) != entry.facts:
                entry.facts = line
                yield line


def _axis(slot: Slot, x: Tensor) -> int:
    """Where the layer expects its features or channels."""
    module = slot.module() if slot.module else None
    kernel = getattr(module, "kernel_size", None)
    if isinstance(kernel, tuple):
        return max(0, x.ndim - len(kernel) - 1)  # of a convolution without a batch the first
    channels_first = slot.channels_first or slot.kind == "convolution"
    return 1 if channels_first and x.ndim > 1 else max(0, x.ndim - 1)
