"""Nets that the same lines make anew, and that are trained one after the other: a search, a cross-validation."""

from __future__ import annotations

from collections.abc import Iterator

from headstart.record import Layer, Record


def left_behind(record: Record) -> frozenset[str]:
    """Layers that were not seen again once the line that made them had made others, which were trained then.

    What is wrong with them is wrong with an attempt that is over, such as a rate that was tried and is too high, and
    need not be wrong with the run.
    """
    seen: dict[tuple[str, str], list[tuple[int, int, str]]] = {}
    for layer in record.layers:
        if layer.line is not None and (steps := sorted(_looks(record, layer))):
            seen.setdefault((layer.line, layer.kind), []).append((steps[0], steps[-1], layer.name))
    latest = {made: max(first for first, _, _ in layers) for made, layers in seen.items()}
    return frozenset(name for made, layers in seen.items() for _, last, name in layers if last < latest[made])


def weights_left_behind(record: Record) -> frozenset[str]:
    left = left_behind(record)
    return frozenset(name for layer in record.layers if layer.name in left for name in layer.parameters)


def _looks(record: Record, layer: Layer) -> Iterator[int]:
    yield from record.series(layer.name, "activation.not_finite").steps
    for parameter in layer.parameters:
        yield from record.series(parameter, "weight.not_finite").steps
