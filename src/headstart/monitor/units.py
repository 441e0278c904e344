"""Units that give zero for every input: the share of them in each layer, over the batches of the last looks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from headstart.monitor.modules import Slot

EVERY = 8  # sketched steps between two looks; the first `EVERY` steps are all looked at
LOOKS = 4  # looks that a share is taken over


@dataclass
class _Window:
    slot: Slot
    highest: Tensor  # per unit, over the looks so far
    looks: int = 1


class DeadUnits:
    def __init__(self) -> None:
        self._windows: dict[int, _Window] = {}

    def look(self, slot: Slot, output: Tensor, step: int) -> None:
        """Takes each unit's highest output over one batch: a pass over the whole tensor, so not at every step."""
        if step % EVERY and step >= EVERY:
            return
        highest = _highest(slot, output.detach())
        window = self._windows.get(id(slot))
        if window is None or window.highest.shape != highest.shape or window.looks >= LOOKS:
            self._windows[id(slot)] = _Window(slot, highest)
        else:
            window.highest = torch.maximum(window.highest, highest)
            window.looks += 1

    def shares(self, step: int) -> Iterator[tuple[str, str, Tensor | float]]:
        """`activation.dead` of each layer whose window is full."""
        for window in self._windows.values():
            if window.looks == LOOKS:
                window.looks += 1  # said once; the next look opens a new window
                dead_at = window.slot.dead_at or 0.0
                yield window.slot.name, "activation.dead", (window.highest <= dead_at).float().mean()


def _highest(slot: Slot, output: Tensor) -> Tensor:
    unit_dim = 1 if slot.channels_first and output.ndim > 1 else output.ndim - 1
    dims = [dim for dim in range(output.ndim) if dim != unit_dim]
    return output.amax(dims) if dims else output.clone()
