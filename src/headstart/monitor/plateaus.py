"""What each ReduceLROnPlateau was told, step by step, and the learning rate that it found."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, field
from typing import Any

MOST = 8  # schedulers that are followed; of searches over settings the first ones
TOLD = 256  # figures that are kept of each, the first ones


@dataclass
class _Plateau:
    scheduler: weakref.ref[Any]
    mode: str
    line: str | None
    steps: list[int] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)  # before the scheduler's answer to that value


class Plateaus:
    """Those that were told anything since the watch began."""

    def __init__(self) -> None:
        self._known: list[_Plateau] = []

    def told(self, scheduler: Any, value: float, step: int, line: str | None) -> None:
        """As one is told a figure by that line of the user's, after so many steps, before it makes anything of it."""
        one = next((one for one in self._known if one.scheduler() is scheduler), None)
        if one is None:
            if len(self._known) >= MOST:
                return
            one = _Plateau(weakref.ref(scheduler), str(scheduler.mode), line)
            self._known.append(one)
        rate = scheduler.optimizer.param_groups[0].get("lr")
        if isinstance(rate, float) and len(one.values) < TOLD:  # of a tensor, it would have to be waited for
            one.steps.append(step)
            one.values.append(value)
            one.rates.append(rate)

    def facts(self) -> list[dict[str, Any]]:
        """Of each: which way is better to it, and what it was told at which learning rate."""
        return [
            {"mode": one.mode, "line": one.line, "steps": one.steps, "values": one.values, "rates": one.rates}
            for one in self._known
            if one.values
        ]
