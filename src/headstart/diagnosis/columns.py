"""The columns of the data that enter a layer: whether one of them is of another order of magnitude than the rest."""

from __future__ import annotations

from dataclasses import dataclass

from headstart.diagnosis.case import LINEAR, RECURRENT, Case
from headstart.record import Input, Layer

RATIO = 100.0  # root mean squares: the curvature along the column is then 10,000 times that along the other


@dataclass(frozen=True)
class Outsized:
    """The largest column, and the one in the middle."""

    layer: Layer
    given: Input
    column: int
    size: float
    middle: float

    @property
    def ratio(self) -> float:
        return self.size / self.middle

    @property
    def count(self) -> int:
        """Columns that are as much larger."""
        return sum(size >= RATIO * self.middle for size in self.given.sizes)


def outsized(case: Case) -> list[Outsized]:
    """Layers that data enter, alone or joined with embeddings, and that no norm follows: those fed such columns."""
    layers = {layer.name: layer for layer, _ in case.weighted((*LINEAR, *RECURRENT)) if not layer.norm}
    given = ((layers[one.name], one) for one in case.record.inputs if one.name in layers)
    return [found for layer, one in given if len(one.sizes) in layer.shape if (found := _outsized(layer, one))]


def _outsized(layer: Layer, given: Input) -> Outsized | None:
    """The largest column, if both its root mean square and its largest value are far above the middle one's.

    Both: a column that is 1 in one sample of ten thousand has a small root mean square, and one with a long tail a large
    value. Of an even number the lower of the two in the middle, so that two columns are compared with each other.
    """
    sizes = [size for size in given.sizes if size > 0]
    largest = [most for most in given.largest if most > 0]
    if len(sizes) < 2:
        return None
    middle, middle_value = (sorted(values)[(len(values) - 1) // 2] for values in (sizes, largest))
    column = max(range(len(given.sizes)), key=given.sizes.__getitem__)
    found = Outsized(layer, given, column, given.sizes[column], middle)
    return found if found.ratio >= RATIO and given.largest[column] >= RATIO * middle_value else None
