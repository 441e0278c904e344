"""How large the signal is that each layer hands on, and how it changes on its way from the inputs to the outputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import median

from headstart.diagnosis.case import LINEAR, RECURRENT, Case
from headstart.record import Layer, Series

SIGNAL = "activation.std"


@dataclass(frozen=True)
class Signal:
    """What one layer hands on."""

    layer: Layer
    series: Series  # of the std of its output, where that is finite
    typical: float  # median over the last third of the run


@dataclass(frozen=True)
class Course:
    """From the first layers of a net to a layer behind them."""

    to: Signal
    source: Signal

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


def signals(case: Case) -> list[Signal]:
    """Of the layers that multiply by a weight, in flow order; those whose output a norm rescales say nothing."""
    layers = [layer for layer, _ in case.weighted((*LINEAR, *RECURRENT)) if not layer.norm]
    return [found for layer in layers if (found := _signal(case, layer)) is not None]


def courses(case: Case) -> list[Course]:
    """For each layer that of the strongest of the first layers that its inputs passed through."""
    found = signals(case)
    names = {signal.layer.name for signal in found}
    first = [signal for signal in found if not case.flow.upstream(signal.layer.name) & names and signal.typical > 0]
    ways = []
    for to in found:
        upstream = case.flow.upstream(to.layer.name)
        sources = [signal for signal in first if signal.layer.name in upstream]
        if sources:
            ways.append(Course(to, max(sources, key=lambda signal: signal.typical)))
    return ways


def _signal(case: Case, layer: Layer) -> Signal | None:
    seen = case.record.series(layer.name, SIGNAL)
    kept = [(step, value) for step, value in zip(seen.steps, seen.values, strict=True) if math.isfinite(value)]
    if not kept:
        return None
    series = Series(tuple(step for step, _ in kept), tuple(value for _, value in kept))
    late = series.since(2 * len(case.record) // 3) or series
    return Signal(layer, series, median(late.values))
