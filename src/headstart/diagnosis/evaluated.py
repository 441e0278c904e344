"""Which classes the evaluation asks for that training hardly ever showed: labels of the two beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from headstart.diagnosis.case import Case
from headstart.record import Loss

OFTEN = 0.05  # share of the evaluation's labels: one in twenty is no rare class there
DUE = 20.0  # labels that training would have had of it, were its labels drawn alike: none comes by chance once in e^20
RARE = 0.1  # of its share in the evaluation, and of an equal share of all classes: what no balanced sampling leaves


@dataclass(frozen=True)
class Lack:
    """A class that is frequent in evaluation, and not in training."""

    label: int
    share: float  # of the evaluation's labels
    trained: float  # of the labels that were trained on
    line: str | None  # of the loss in evaluation


def lacks(case: Case) -> Iterator[Lack]:
    """By label; of losses over the same classes, those that were trained on are taken together."""
    for loss in case.record.losses:
        labels, trained = sum(loss.evaluated), _trained(case, loss)
        total = sum(trained)
        for label, mass in enumerate(loss.evaluated if total else ()):
            share, present = mass / labels, trained[label] / total
            if share >= OFTEN and mass > 1 and share * total >= DUE and present < RARE * min(share, 1 / len(trained)):
                yield Lack(label, share, present, loss.line)


def _trained(case: Case, loss: Loss) -> tuple[float, ...]:
    masses = [
        other.targets.mass
        for other in case.record.losses
        if other.trained and len(other.targets.mass) == len(loss.evaluated)
    ]
    return tuple(map(sum, zip(*masses, strict=True)))
