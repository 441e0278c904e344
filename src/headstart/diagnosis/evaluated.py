"""Which classes the evaluation asks for that training hardly ever showed: labels of the two beside each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    cut: bool  # training never saw it, or evaluation in turn lacks a class of training: parts of data in their order


def lacks(case: Case) -> Iterator[Lack]:
    """By label; of losses over the same classes, those that were trained on are taken together."""
    for loss in case.record.losses:
        trained = _trained(case, loss)
        cut = any(True for _ in _lacking(loss.evaluated, trained))
        for label, share, present in _lacking(trained, loss.evaluated):
            yield Lack(label, share, present, loss.line, cut or present == 0)


def _lacking(those: Sequence[float], others: Sequence[float]) -> Iterator[tuple[int, float, float]]:
    """Classes that `those` labels lack beside the `others`; the share of each in the others, and in those."""
    total, labels = sum(those), sum(others)
    if not total or not labels:
        return
    for label, (present, mass) in enumerate(zip(those, others, strict=True)):
        share, left = mass / labels, present / total
        if share >= OFTEN and mass > 1 and share * total >= DUE and left < RARE * min(share, 1 / len(those)):
            yield label, share, left


def _trained(case: Case, loss: Loss) -> tuple[float, ...]:
    masses = [
        other.targets.mass
        for other in case.record.losses
        if other.trained and len(other.targets.mass) == len(loss.evaluated)
    ]
    return tuple(map(sum, zip(*masses, strict=True))) or (0.0,) * len(loss.evaluated)
