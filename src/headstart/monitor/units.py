"""Units that give zero for every input: the share of them in each layer, over the batches of the last looks."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from headstart.monitor.modules import Slot

EVERY = 8  # sketched steps between two looks; the first `EVERY` steps are all looked at
LOOKS = 4  # looks that a share is taken over


@dataclass
class _Window:
    """The last looks at one layer."""

    slot: Slot
    steps: deque[int] = field(default_factory=lambda: deque(maxlen=LOOKS))
    highest: deque[Tensor] = field(default_factory=lambda: deque(maxlen=LOOKS))  # per unit
    fresh: bool = False


class DeadUnits:
    def __init__(self) -> None:
        self._windows: dict[int, _Window] = {}

    def look(self, slot: Slot, output: Tensor, step: int) -> None:
        """Takes each unit's highest output over one batch: a pass over the whole tensor, so not at every step."""
        if step % EVERY and step >= EVERY:
            return
        highest = _highest(slot, output.detach())
        window = self._windows.setdefault(id(slot), _Window(slot))
        if window.highest and window.highest[0].shape != highest.shape:
            window.highest.clear()
            window.steps.clear()
        window.steps.append(step)
        window.highest.append(highest)
        window.fresh = True

    def shares(self) -> Iterator[tuple[int, str, Tensor]]:
        """Step, layer and share of the units that were dead in all of its last looks, dated by the first of them."""
        for window in self._windows.values():
            if window.fresh and len(window.highest) == LOOKS:
                window.fresh = False
                dead_at = window.slot.dead_at or 0.0
                share = (torch.stack(list(window.highest)).amax(0) <= dead_at).float().mean()
                yield window.steps[0], window.slot.name, share


def _highest(slot: Slot, output: Tensor) -> Tensor:
    unit_dim = 1 if slot.channels_first and output.ndim > 1 else output.ndim - 1
    dims = [dim for dim in range(output.ndim) if dim != unit_dim]
    return output.amax(dims) if dims else output.clone()
