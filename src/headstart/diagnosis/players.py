"""Two optimizers that train by turns, each with its own losses: do they oppose each other?

Where one network says how likely it is that a sample is real, its own loss of a forgery is -log(1 - p), and the forger's
-log p. They sum to 2 ln 2 at least, whatever p is; and each player's step raises the other's loss. So both losses cannot
be small at once, unless the forger is trained by the label that the judge gives to forgeries. By the same label with a
minus sign, as of a game for one stake, the forger cannot lose more than the judge's loss.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import fmean

from headstart.diagnosis.case import Case
from headstart.record import Loss, Series

LEAST = 2 * math.log(2)  # of -log p - log(1 - p), at p = 1/2
LOOKS = 5  # at each player's losses in the last third, at least
BINARY = ("binary_cross_entropy", "binary_cross_entropy_with_logits")


@dataclass(frozen=True)
class Allies:
    """A loss with labels of one kind only, and what it came to in the last third; the most that the judge's can be."""

    loss: Loss
    label: int
    own: float
    judges: float


def allies(case: Case) -> Allies | None:
    """A player that wants of the other's answers what the other wants itself; None where none does, or it is not known."""
    binary = [loss for loss in case.record.losses if loss.trained and loss.kind in BINARY]
    if len(case.record.optimizers) < 2:
        return None
    for loss in binary:
        label, judges = _only(loss), [one for one in binary if one is not loss and _are_apart(case, loss, one)]
        if label is None or len({side for one in judges for side in _sides(one)}) < 2:
            continue
        own, theirs = _late(case, loss), [_late(case, one) for one in judges]
        if min(len(own), *map(len, theirs)) < LOOKS:
            continue
        # Several calls are summed, and doubled, for a call may be of real samples and forgeries, half of each.
        most = 2 * sum(fmean(series.values) * len(series) / len(set(series.steps)) for series in theirs)
        mean = fmean(own.values)
        if mean - most > LEAST if loss.negated else mean + most < LEAST / 2:
            return Allies(loss, label, mean, most)
    return None


def _late(case: Case, loss: Loss) -> Series:
    return case.record.loss_of(loss.name).since(2 * len(case.record) // 3)


def _are_apart(case: Case, one: Loss, other: Loss) -> bool:
    """Whether another optimizer follows the one than the other, at every step."""
    ours, theirs = (
        {case.record.optimizer_at.get(step) for step in case.record.loss_of(loss.name).steps} for loss in (one, other)
    )
    return not ours & theirs


def _sides(loss: Loss) -> set[int]:
    """The labels that it was given, 0 and 1, as far as the mean tells: between them, both."""
    total, count = sum(loss.targets.total), loss.targets.count * len(loss.targets.total)
    return {side for side, share in ((0, count - total), (1, total)) if share > 0}


def _only(loss: Loss) -> int | None:
    sides = _sides(loss)
    return sides.pop() if len(sides) == 1 else None
