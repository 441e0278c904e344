"""How far each step moves the weights, as a share of their own size."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from headstart.diagnosis.case import Case
from headstart.record import Layer, Parameter, Series

# Steps of these are divided by the gradient's size: how far they go is the learning rate alone.
ADAPTIVE = (
    *("Adam", "AdamW", "Adamax", "NAdam", "RAdam", "SparseAdam", "RMSprop", "Adagrad", "Adadelta", "Adafactor"),
    *("Lion", "Rprop"),
)


@dataclass(frozen=True)
class Moves:
    """One weight's updates over its own size, by step; steps that are not finite, or where it was zero, are left out."""

    layer: Layer
    weight: Parameter
    share: Series
    start: float  # its root mean square at the first look


def moves(case: Case) -> list[Moves]:
    """Of the weights that do not start from zero: how far such a one goes from there is no share of anything."""
    found = []
    for layer, weight in case.weighted():
        size, update = _size(case, weight, "weight"), _size(case, weight, "update")
        if not size or not next(iter(size.values())):
            continue
        shares = {step: update[step] / size[step] for step in update if size.get(step)}
        kept = {step: share for step, share in shares.items() if math.isfinite(share)}
        if kept:
            found.append(Moves(layer, weight, Series(tuple(kept), tuple(kept.values())), next(iter(size.values()))))
    return found


def typical(found: list[Moves]) -> Series:
    """The median over the weights, by step."""
    by_step: dict[int, list[float]] = {}
    for one in found:
        for step, share in zip(one.share.steps, one.share.values, strict=True):
            by_step.setdefault(step, []).append(share)
    steps = sorted(by_step)
    return Series(tuple(steps), tuple(median(by_step[step]) for step in steps))


def _size(case: Case, weight: Parameter, tensor: str) -> dict[int, float]:
    """Root mean square by step."""
    means, stds = (case.record.series(weight.name, f"{tensor}.{figure}") for figure in ("mean", "std"))
    return {
        step: math.hypot(mean, std) for step, mean, std in zip(means.steps, means.values, stds.values, strict=True)
    }


def path(share: Series, steps: int) -> float:
    """The length of a weight's way over the run, as a share of its size: no weight is further from its start than that.

    Between two looks it is taken to go on as at the first of them.
    """
    ends = (*share.steps[1:], steps)
    return math.fsum(
        value * (end - step) for step, value, end in zip(share.steps, share.values, ends, strict=True) if end > step
    )
