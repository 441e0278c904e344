"""The loss on the same samples, time after time: step by step where each step sees all of them, else epoch by epoch.

A loss that goes up from one batch to the next says nothing, for the batches differ. Where the samples are the same, only
the weights can have made the difference, and what is random beside them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.record import Record, Samples, Series

BATCHES = 8  # of an epoch: the standard error of a mean of fewer is hardly known
ROUNDING = 1e-3  # between the loss that is known and what backward was called on
EQUAL = 1e-6  # between means of the same numbers in another order
RELATED = 0.5  # correlation of a step's loss with the one before; what is drawn anew at each step has none
ERRORS = 3.0  # standard errors that it must be from none


@dataclass(frozen=True)
class Level:
    """The loss on all samples, once."""

    step: int  # the first of them
    loss: float
    error: float = 0.0  # its standard error; 0 where all samples were in one step


@dataclass(frozen=True)
class Turn:
    """Where the loss stopped rising, or falling, for a while."""

    level: Level
    peak: bool


@dataclass(frozen=True)
class Levels:
    """One for each time that the samples were gone through."""

    epoch: int  # steps of each
    levels: Sequence[Level]


def levels_of(case: Case) -> Levels | None:
    """Of the main loss; None where steps and epochs cannot be told for sure, or the loss may be random."""
    known = [samples for samples in case.record.samples if samples.steps]
    if case.skill is None or len(known) != 1 or not _is_all(case.record, case.skill.source):
        return None
    loss = case.record.loss
    if _sees_all(case.record, known[0]):
        levels = [Level(step, value) for step, value in zip(loss.steps, loss.values, strict=True)]
        return Levels(1, levels) if _has_same_labels(case, case.skill.source) and not _drops(case) else None
    epoch = epoch_of(known[0])
    return None if epoch is None or epoch < BATCHES else Levels(epoch, _by_epoch(loss, epoch))


def epoch_of(samples: Samples) -> int | None:
    """Its steps, if no sample came a second time before all had come once; None if not, or if none came twice."""
    trained = [(first, second) for _, times, first, second, _ in samples.kept if times]
    again = [second for _, second in trained if second >= 0]
    if not again:
        return None
    epoch = max(first for first, _ in trained) + 1
    return epoch if min(again) >= epoch else None


def turns(levels: Sequence[Level], least: float, errors: float) -> list[Turn]:
    """Peaks and troughs by turns, each off from the one before by more than `least` and than so many standard errors."""
    found: list[Turn] = []
    low = high = levels[0]
    rising: bool | None = None
    for level in levels:
        low, high = min(low, level, key=_loss), max(high, level, key=_loss)
        if rising is not True and _above(level, low, least, errors):
            found += [Turn(low, False)] if rising is False else []
            rising, high = True, level
        elif rising is not False and _above(high, level, least, errors):
            found += [Turn(high, True)] if rising is True else []
            rising, low = False, level
    return found


def are_random(levels: Sequence[Level]) -> bool:
    """Whether each level may be drawn by itself: none is related to the one before."""
    values = [level.loss for level in levels]
    mean = fmean(values)
    total = math.fsum((value - mean) ** 2 for value in values)
    both = math.fsum((a - mean) * (b - mean) for a, b in zip(values[1:], values[:-1], strict=True))
    return total == 0 or abs(both / total) < max(RELATED, ERRORS / math.sqrt(len(values)))


def _above(high: Level, low: Level, least: float, errors: float) -> bool:
    return high.loss - low.loss > max(least, errors * math.hypot(high.error, low.error))


def _loss(level: Level) -> float:
    return level.loss


def _by_epoch(loss: Series, epoch: int) -> list[Level]:
    """Whole epochs; a backward that no step follows belongs to none."""
    values = dict(zip(loss.steps, loss.values, strict=True))
    found = []
    for start in range(0, loss.steps[-1] + 2 - epoch, epoch):
        own = [values.get(step, math.nan) for step in range(start, start + epoch)]
        error = pstdev(own) / math.sqrt(epoch) if all(map(math.isfinite, own)) else math.nan
        found.append(Level(start, math.fsum(own) / epoch, error))
    return found


def _is_all(record: Record, source: str) -> bool:
    """Whether backward was called on that loss and nothing else, wherever both are known."""
    whole = dict(zip(record.loss.steps, record.loss.values, strict=True))
    own = record.loss_of(source)
    finite = [(value, whole[step]) for step, value in zip(own.steps, own.values, strict=True) if math.isfinite(value)]
    return bool(finite) and all(abs(a - b) <= ROUNDING * max(abs(a), abs(b)) for a, b in finite if math.isfinite(b))


def _sees_all(record: Record, samples: Samples) -> bool:
    """Whether each step saw the same samples, in whatever order."""
    batches = record.series(samples.name, "samples.batch")
    if len(batches) < ENOUGH_STEPS:
        return False
    times = [times for _, times, _, _, _ in samples.kept if times]
    return len(set(batches.values)) == 1 or (bool(times) and set(times) == {samples.steps})


def _has_same_labels(case: Case, source: str) -> bool:
    """As far as the record tells: of classes the share of the commonest, of numbers their mean."""
    told = [case.record.series(source, figure).values for figure in ("loss.commonest", "loss.target_mean")]
    return any(told) and all(max(values) - min(values) <= EQUAL * max(map(abs, values)) for values in told if values)


def _drops(case: Case) -> bool:
    """Whether a dropout makes the loss random."""
    return any(mode.p is not None and mode.steps for mode in case.record.modes)
