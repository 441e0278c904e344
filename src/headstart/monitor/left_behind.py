"""Batch norms of a copy that is only evaluated: their weights follow those that are trained, their statistics do not."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.monitor.sketch import can_sketch

MOST = 256  # batch norms that are followed
LOOKS = 2  # after the first, in which the weights had moved on and the statistics were still as they are made


@dataclass
class Entry:
    """One batch norm that ran without gradients."""

    module: weakref.ref[_BatchNorm]
    kind: str
    channels: int
    weight: Tensor  # as it was at the first look
    step: int  # of the last look
    looks: int = 0
    left: Tensor | None = None  # whether that was so at the last look


class LeftBehind:
    """Those of one run."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    def evaluated(self, module: _BatchNorm, step: int) -> None:
        """As one returns that was called without gradients, once for each step."""
        mean, variance, weight = module.running_mean, module.running_var, module._parameters.get("weight")
        entry = self._entries.get(id(module))
        known = entry is not None and entry.module() is module
        if not (can_sketch(mean) and can_sketch(variance) and can_sketch(weight)):
            return
        if entry is None or not known:
            if len(self._entries) < MOST or id(module) in self._entries:
                start = weight.detach().clone()
                self._entries[id(module)] = Entry(weakref.ref(module), type(module).__name__, len(weight), start, step)
        elif entry.step != step and entry.weight.device == weight.device and entry.weight.shape == weight.shape:
            entry.step = step
            if module.training:  # its statistics are taken now
                entry.looks, entry.left = 0, None
                return
            entry.looks += 1
            entry.left = (mean == 0).all() & (variance == 1).all() & (weight != entry.weight).any()

    def trained(self, module: _BatchNorm) -> None:
        """One that runs with gradients is no copy."""
        self._entries.pop(id(module), None)

    def facts(self) -> dict[str, Any]:
        """How many there are in the end, and what the first of them is; waits for the device."""
        entries = [entry for entry in self._entries.values() if entry.looks >= LOOKS and entry.left is not None]
        found = [entry for entry in entries if bool(entry.left)]
        return {"norms": len(found), "kind": found[0].kind, "channels": found[0].channels} if found else {}
