"""The values that a model is given, place by place: while it trains, and in evaluation on other samples, of each data set.

Of a few calls some rows are copied, at the places that the fingerprints read. What is told of them is made as the record is
written: of each place mean, spread, deciles, and the step in which its values come, if they come in equal steps.
Such a step is the trace of how a value was recorded (a byte, a year, a tenth of a degree), and of nothing but the scale
that it got since.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from headstart.record import Values

ROWS = 512  # kept of a model in training, and as many in evaluation
LOOK = 256  # rows of one call
CALLS = 8  # first calls that are all looked at; then powers of two
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)

ENOUGH = 64  # rows: of fewer nothing is told
DIFFERENT = 8  # values at a place: fewer may lie on a grid by chance
ROUNDS = 32  # of Euclid's algorithm
NEAR = 12  # steps between two neighbours, from which the step is measured
WHOLE = 0.1  # how far from a whole number of steps
FINE = 256  # a step over the rounding error, at least: 8,000 steps in single precision
ROUNDING = 4 * torch.finfo(torch.float32).eps  # of the largest value: a few operations in single precision


@dataclass(eq=False)
class Phase:
    """What a model was given while it trained, or in evaluation."""

    calls: int = 0
    shape: tuple[int, ...] = ()
    rounding: float = ROUNDING
    rows: list[Tensor] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)  # their fingerprints
    told: int = 0
    alike: float | None = None  # largest share of places at which two neighbours agree; None: too few rows

    def wants(self, x: Tensor) -> bool:
        """Counts a call; `x` is what it is given."""
        self.calls += 1
        due = self.calls <= CALLS or self.calls & (self.calls - 1) == 0
        return due and len(self.seen) < ROWS and x.dtype in FLOATS

    def is_due(self) -> bool:
        """Whether it is to be told, for the first time or since its rows have doubled; notes that it is."""
        due = self.told < ROWS and len(self.seen) >= min(ROWS, max(ENOUGH, 2 * self.told))
        if due:
            self.told = len(self.seen)
        return due

    def take(self, rows: Tensor, fingerprints: Sequence[int], shape: tuple[int, ...]) -> None:
        """Keeps the rows that are new. Waits for the device."""
        if self.shape and shape != self.shape:
            return
        fresh = {key: row for row, key in enumerate(fingerprints) if key not in self.seen}
        kept = list(fresh)[: ROWS - len(self.seen)]
        found = rows[[fresh[key] for key in kept]].cpu().double()  # in this order: an MPS device knows no doubles
        if kept and bool(found.isfinite().all()):
            self.shape = shape
            self.rounding = max(self.rounding, 4 * torch.finfo(rows.dtype).eps)
            self.rows.append(found)
            self.seen.update(kept)
            if len(self.seen) >= ENOUGH:
                rows = torch.cat(self.rows)
                self.alike = float((rows[1:] == rows[:-1]).double().mean(1).max())


class Places:
    """Both phases of one model; evaluation apart for each data set, by a number that the caller gives it."""

    def __init__(self) -> None:
        self._training = Phase()
        self._evaluations: dict[int, Phase] = {}  # in the order in which they are seen

    def wants(self, x: Tensor, training: bool, source: int = 0) -> bool:
        """Whether some rows of `x`, which the model is given, are to be copied; counts the call."""
        return self._phase(training, source).wants(x)

    def take(
        self, rows: Tensor, fingerprints: Sequence[int], shape: tuple[int, ...], training: bool, source: int = 0
    ) -> None:
        """These rows, with their fingerprints and the shape of a sample."""
        self._phase(training, source).take(rows, fingerprints, shape)

    @property
    def alike(self) -> float | None:
        """The largest share of places at which two different samples, neighbours in training, agree."""
        return self._training.alike

    def changed(self, model: str) -> Iterator[Values]:
        """Training and each evaluation, again when its rows have doubled; nothing while one has few, or shapes differ."""
        told = [
            phase
            for phase in self._evaluations.values()
            if min(len(self._training.seen), len(phase.seen)) >= ENOUGH and phase.shape == self._training.shape
        ]
        if told and self._training.is_due():
            yield _figures(self._training, model, model, True)
        for phase in told:
            if phase.is_due():
                place = list(self._evaluations.values()).index(phase)
                yield _figures(phase, f"{model} in evaluation{f' {place + 1}' * bool(place)}", model, False)

    def _phase(self, training: bool, source: int) -> Phase:
        return self._training if training else self._evaluations.setdefault(source, Phase())


def spread(rows: Tensor) -> Tensor:
    """LOOK of the rows at most, from all over the batch."""
    return rows[:: -(-rows.shape[0] // LOOK)]


def steps(rows: Tensor, rounding: float = ROUNDING) -> Tensor:
    """Of each column the largest step of which all differences are whole multiples; 0 where there is none.

    Euclid's algorithm on the gaps between neighbours, of all columns at once: while a gap leaves a remainder, that is
    the step. `rounding`: the error of the values, as a share of the largest.
    """
    gaps = rows.sort(0).values.diff(dim=0)
    error = rounding * rows.abs().amax(0)
    apart = gaps > error
    step = gaps.where(apart, torch.inf).amin(0)
    for _ in range(ROUNDS):
        near = apart & (gaps <= (NEAR + 0.5) * step)
        left = near & (_off(gaps, step) > WHOLE)
        if not bool(left.any()):
            break
        step = torch.minimum(step, (_off(gaps, step) * step).where(left, torch.inf).amin(0))
    times = (gaps / step).round().where(near, 0.0)
    step = (gaps * times).sum(0) / times.square().sum(0)  # least squares, with the smaller error of many
    whole = ((_off(gaps, step) <= WHOLE) | ~apart).all(0)
    found = whole & (apart.sum(0) + 1 >= DIFFERENT) & (step > FINE * error)
    return step.where(found, 0.0)


def _off(gaps: Tensor, step: Tensor) -> Tensor:
    times = gaps / step
    return (times - times.round()).abs()


def _figures(phase: Phase, name: str, model: str, training: bool) -> Values:
    rows = torch.cat(phase.rows)
    tenths = torch.linspace(0.1, 0.9, 9, dtype=rows.dtype)
    of_rows = (rows.mean(0), rows.std(0, correction=0), rows.amin(0), rows.amax(0), steps(rows, phase.rounding))
    means, stds, lows, highs, grid = (_short(figures) for figures in of_rows)
    deciles = tuple(_short(place) for place in rows.quantile(tenths, dim=0).T)
    return Values(name, model, training, phase.shape, rows.shape[0], means, stds, lows, highs, grid, deciles)


def _short(figures: Tensor) -> tuple[float, ...]:
    """Six digits are enough, and half of the record's room."""
    return tuple(float(f"{value:.6g}") for value in figures.tolist())
