"""What a run's steps promised, and what its loss kept of it.

A step Δ along the gradients g promises to lower the loss by its descent -g·Δ, and does so where the loss is straight. Of a
step of gradient descent at a rate lr, which is lr·|g|², a curvature κ = g'Hg / |g|² along g takes the share lr·κ/2 (Taylor
to second order), and the noise of a batch's gradient takes from it as well: what is kept is at most 1 - lr·κ/2, and steps
go down at all up to lr = 2/κ. So a rate of which the share s is kept could be 1 / (1 - s) times as high, or higher.

The other way round a promise of more than the whole loss cannot be kept where no loss is below 0. Of a convex loss, a
step of gradient descent comes nearer to the best weights for certain while it promises less than twice what the loss is
above its least (Polyak, *Introduction to Optimization*, 1987, §5.3.2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from headstart.record import Record, Series

LOOKS = 5  # of a third, at least


@dataclass(frozen=True)
class Kept:
    """Of a run's promises."""

    share: float  # of those between the first and the last third that the loss has fallen by
    pace: float  # the last third's promises over the first's


def promises(record: Record) -> Series:
    """Each step's promise over its loss, whole as backward was called on it; empty where it may be below 0."""
    losses = dict(zip(record.loss.steps, record.loss.values, strict=True))
    if not _is_single(record) or any(loss < 0 for loss in losses.values()):
        return Series((), ())
    backwards = record.series("", "loop.backwards")
    calls = dict(zip(backwards.steps, backwards.values, strict=True))
    found = {}
    for step, descent in _descents(record).items():
        whole = losses.get(step, math.nan) * calls.get(step, 1.0)
        if whole > 0 and math.isfinite(whole):
            found[step] = descent / whole
    return Series(tuple(found), tuple(found.values()))


def kept(record: Record) -> Kept | None:
    """None where too few steps were looked at, or several optimizers take turns.

    The mean losses of two thirds differ by the sum of all falls, each as often as there are pairs around it.
    """
    steps, third = len(record), len(record) // 3
    descents = _descents(record) if _is_single(record) else {}
    losses = record.loss.until(third - 1).values, record.loss.since(steps - third).values
    seen = [sum(start <= step < start + third for step in descents) for start in (0, third, steps - third)]
    if min(seen) < LOOKS or not all(losses) or not all(map(math.isfinite, record.loss.values)):
        return None
    total = first = last = 0.0
    for step, end in pairwise((*descents, steps)):
        middle, promised = (step + end - 1) / 2, descents[step] * (end - step)
        total += promised * min((middle + 1) / third, 1, (steps - 1 - middle) / third)
        first += promised * (middle < third)
        last += promised * (middle >= steps - third)
    if not (total > 0 and first > 0):
        return None
    return Kept((fmean(losses[0]) - fmean(losses[1])) / total, last / first)


def _descents(record: Record) -> dict[int, float]:
    series = record.series("", "update.descent")
    return {step: value for step, value in zip(series.steps, series.values, strict=True) if math.isfinite(value)}


def _is_single(record: Record) -> bool:
    """Of several optimizers, each step is of another loss."""
    return len(record.optimizers) <= 1
