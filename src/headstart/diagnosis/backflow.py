"""How large the gradient is that reaches each layer, and how it changes on its way back from the loss."""

from __future__ import annotations

import math
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


@dataclass(frozen=True)
class Received:
    """What one layer gets from the loss."""

    layer: Layer
    figure: str  # "gradient.std", of its output; of raw tensors, whose outputs nobody sees, "weight_gradient.std"
    series: Series  # root mean squares: a gradient that is the same everywhere has no spread, but a size
    typical: float  # median over the last third of the run


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
    return Received(layer, figure, series, median(values)) if values else None
