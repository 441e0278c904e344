"""Schedules of learning rates that know how many steps they are made for, and how far they have come."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from torch.optim import Optimizer

# The attribute of a scheduler that says for how many steps it is made; others go on without an end.
PLANNED = {"OneCycleLR": "total_steps", "CosineAnnealingLR": "T_max", "PolynomialLR": "total_iters"}
MOST = 8  # schedulers that are followed; of searches over settings the first ones


@dataclass
class _Schedule:
    scheduler: weakref.ref[Any]
    optimizer: weakref.ref[Optimizer]
    kind: str
    planned: int
    line: str | None
    name: str | None = None  # of its optimizer, once that has stepped
    done: int = 0  # of its steps, at the last look
    steps: int = 0  # of its optimizer, until then


class Schedules:
    """Those that were made since the watch began."""

    def __init__(self) -> None:
        self._schedules: list[_Schedule] = []

    def made(self, scheduler: Any, line: str | None) -> None:
        """As it is made, by that line of the user's: its own arguments are set by then."""
        kind = next((base.__name__ for base in type(scheduler).__mro__ if base.__name__ in PLANNED), None)
        planned = getattr(scheduler, PLANNED[kind], None) if kind else None
        if kind and type(planned) is int and len(self._schedules) < MOST:
            refs = weakref.ref(scheduler), weakref.ref(scheduler.optimizer)
            self._schedules.append(_Schedule(*refs, kind, planned, line))

    def look(self, optimizer: Optimizer, name: str, steps: int) -> None:
        """How far those of an optimizer have come, after so many of its steps."""
        for one in self._schedules:
            scheduler = one.scheduler()
            if scheduler is not None and one.optimizer() is optimizer:
                one.name, one.done, one.steps = name, int(scheduler.last_epoch), steps

    def facts(self) -> list[dict[str, Any]]:
        """Of each whose optimizer stepped: what it is, its steps as planned and as made, and its optimizer's by then."""
        return [
            {
                "optimizer": one.name,
                "kind": one.kind,
                "planned": one.planned,
                "done": one.done,
                "steps": one.steps,
                "line": one.line,
            }
            for one in self._schedules
            if one.name is not None
        ]
