"""How large the gradient is that reaches each layer, and how it changes on its way back from the loss."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from headstart.diagnosis.case import Case
from headstart.record import Layer, Series

SIGNAL, WEIGHT = "gradient.std", "weight_gradient.std"
# Own weights that multiply no signal, or give several. Any other module is taken at its word, the user's own as well.
OTHERS = (
    "Embedding",
    "EmbeddingBag",
    "MultiheadAttention",
    "LayerNorm",
    "GroupNorm",
    "RMSNorm",
    "embedding",
    "Bilinear",
)
STACKS = ("RNN", "LSTM", "GRU")
DEPTH = re.compile(r"_l(\d+)(?:_reverse)?$")  # weight_hh_l3: of the fourth layer


@dataclass(frozen=True)
class Received:
    """What one layer gets from the loss."""

    layer: Layer
    figure: str  # "gradient.std", of its output; of raw tensors, whose outputs nobody sees, "weight_gradient.std"
    series: Series  # root mean squares: a gradient that is the same everywhere has no spread, but a size
    typical: float  # median over the last third of the run
    owner: str = ""  # of the series

    @property
    def is_inner(self) -> bool:
        """Whether it is one of several layers within a recurrent module."""
        return self.figure == WEIGHT and self.layer.kind in STACKS

    @property
    def name(self) -> str:
        return self.owner if self.is_inner else self.layer.name


@dataclass(frozen=True)
class Way:
    """From a layer nearer to the loss back to one in front."""

    to: Received
    source: Received

    @property
    def ratio(self) -> float:
        return self.to.typical / self.source.typical

    def first_step(self, limit: float) -> int | None:
        """Where the ratio first passed `limit`: above it if that is above 1, else below."""
        source = dict(zip(self.source.series.steps, self.source.series.values, strict=True))
        for step, value in zip(self.to.series.steps, self.to.series.values, strict=True):
            if source.get(step, 0.0) > 0 and (value / source[step] > limit) == (limit > 1):
                return step
        return None


def received(case: Case) -> list[Received]:
    """In flow order; of one figure only, for signals and weight gradients cannot be compared."""
    layers = [(layer, weight) for layer, weight in case.weighted() if layer.kind not in OTHERS]
    signals = [_received(case, layer, SIGNAL, layer.name) for layer, _ in layers]
    found = [r for r in signals if r is not None]
    if len(found) < 2:
        found = [r for layer, weight in layers if (r := _received(case, layer, WEIGHT, weight.name)) is not None]
    return found


def ways_back(case: Case, *, from_outputs: bool = False) -> list[Way]:
    """For each layer the way from the strongest one downstream of it, or from the strongest output downstream."""
    layers = received(case)
    ends = [r for r in layers if r.layer.output] or layers[-1:]
    ways = []
    for to in layers:
        behind = [
            r
            for r in (ends if from_outputs else layers)
            if r.typical > 0 and to.layer.name in case.flow.upstream(r.layer.name)
        ]
        if behind:
            ways.append(Way(to, max(behind, key=lambda r: r.typical)))
    return ways


def stacked(case: Case) -> list[Way]:
    """The ways within recurrent modules of several layers, whose inner outputs nobody sees: by what their weights get.

    All but the first are of the same shape, drawn from the same range and moved at the same rate.
    """
    ways = []
    for layer in case.record.layers:
        depths: dict[int, list[Received]] = defaultdict(list)
        for name in layer.parameters if layer.kind in STACKS else ():
            place = DEPTH.search(name)
            if place and (found := _received(case, layer, WEIGHT, name)) is not None:
                depths[int(place[1])].append(found)
        strongest = {depth: max(got, key=lambda r: r.typical) for depth, got in depths.items()}
        for depth, to in strongest.items():
            behind = [r for above, r in strongest.items() if above > depth and r.typical > 0]
            if behind:
                ways.append(Way(to, max(behind, key=lambda r: r.typical)))
    return ways


def passed_by(case: Case, way: Way) -> float:
    """The largest gradient that a layer in front of `way.to` gets, be it past it: by a shortcut, by another branch."""
    if way.to.figure != SIGNAL:
        return 0.0
    name, upstream = way.to.layer.name, case.flow.upstream
    front = [
        layer for layer in case.record.layers if layer.name in upstream(name) and name not in upstream(layer.name)
    ]
    sizes = [_received(case, layer, SIGNAL, layer.name) for layer in front]
    return max((received.typical for received in sizes if received is not None), default=0.0)


def _received(case: Case, layer: Layer, figure: str, owner: str) -> Received | None:
    mean = case.record.series(owner, figure.replace(".std", ".mean"))
    std = case.record.series(owner, figure)
    series = Series(std.steps, tuple(map(math.hypot, mean.values, std.values)))
    values = [value for value in series.since(2 * len(case.record) // 3).values if math.isfinite(value)]
    values = values or [value for value in series.values if math.isfinite(value)]
    return Received(layer, figure, series, median(values), owner) if values else None
