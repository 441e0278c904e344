"""What a run answers in the end, while its labels vary."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import fmean, median

from headstart.diagnosis.case import Case
from headstart.record import Series

LOOKS = 5  # batches of the last third, at least


@dataclass(frozen=True)
class Always:
    """The class that a run answers for whole batches of its last third."""

    answer: int
    share: float  # of the batches in which it was the only answer, or nearly so
    since: int  # the step from which on it was so at every look; of the last look, if it was not


def always(case: Case, loss: str, least: float = 1.0) -> Always | None:
    """Of `least` of a batch's answers; None where too few batches with different labels were seen."""
    answers = _last_third(case, loss, "loss.answered_class")
    alone = _at(_last_third(case, loss, "loss.answered"))
    varied = _at(case.record.series(loss, "loss.unvaried"))
    judged = [(step, int(answer)) for step, answer in _pairs(answers) if not varied.get(step, 1.0)]
    whole = Counter(answer for step, answer in judged if alone.get(step, 0.0) >= least)
    if len(judged) < LOOKS or not whole:
        return None
    answer, count = whole.most_common(1)[0]
    return Always(answer, count / len(judged), _since(case, loss, answer, least))


def elsewhere(case: Case, loss: str, answer: int) -> float | None:
    """The share of the last third's answers that are not `answer`; None where too few batches were seen."""
    shares = _at(_last_third(case, loss, "loss.answered"))
    looks = [(shares.get(step, 1.0), found) for step, found in _pairs(_last_third(case, loss, "loss.answered_class"))]
    return fmean(1 - share if found == answer else share for share, found in looks) if len(looks) >= LOOKS else None


def spread(case: Case, loss: str, small: float) -> tuple[float, float] | None:
    """Median of a regression's spread of outputs over that of its targets, and the share of batches below `small`."""
    seen = [value for _, value in _pairs(_last_third(case, loss, "loss.spread")) if value == value]
    return (median(seen), sum(value < small for value in seen) / len(seen)) if len(seen) >= LOOKS else None


def alike_since(case: Case, loss: str, small: float) -> int:
    """From which step on the spread stayed below `small` at every look; of the last look, if it did not."""
    series = case.record.series(loss, "loss.spread")
    since = series.steps[-1]
    for step, value in zip(reversed(series.steps), reversed(series.values), strict=True):
        if value >= small:
            break
        since = step
    return since


def _since(case: Case, loss: str, answer: int, least: float) -> int:
    alone = _at(case.record.series(loss, "loss.answered"))
    series = case.record.series(loss, "loss.answered_class")
    since = series.steps[-1]
    for step, value in zip(reversed(series.steps), reversed(series.values), strict=True):
        if value != answer or alone.get(step, 0.0) < least:
            break
        since = step
    return since


def _last_third(case: Case, loss: str, figure: str) -> Series:
    return case.record.series(loss, figure).since(2 * len(case.record) // 3)


def _pairs(series: Series) -> list[tuple[int, float]]:
    return list(zip(series.steps, series.values, strict=True))


def _at(series: Series) -> dict[int, float]:
    return dict(_pairs(series))
