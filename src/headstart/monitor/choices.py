"""Over how many values the softmaxes within a net run, those of an attention or a gate: over one, it always gives 1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from headstart.monitor.graph import Graph

OFTEN = 8  # steps that are all looked at while one is suspected; then 8, 16, 32, ...


class Choices:
    """Those of one run, by the layer that feeds them last."""

    def __init__(self) -> None:
        self._most: dict[str, int] = {}
        self._looks: dict[str, int] = {}

    def note(self, graph: Graph, names: Mapping[int, str]) -> None:
        """Takes one graph; a layer that feeds several softmaxes counts by the widest of them."""
        widths: dict[str, int] = {}
        for layer, width in _widths(graph):
            name = names.get(layer, "")
            widths[name] = max(width, widths.get(name, 0))
        for name, width in widths.items():
            self._most[name] = max(width, self._most.get(name, 0))
            self._looks[name] = self._looks.get(name, 0) + 1

    def due(self, step: int) -> bool:
        """Whether a graph that was read is to be read again: a sequence may have had one step by chance."""
        return (step < OFTEN or step & (step - 1) == 0) and 1 in self._most.values()

    def facts(self) -> dict[str, int]:
        """By the layer's name, how often it was looked at where there never was more than one value."""
        return {name: self._looks[name] for name, most in self._most.items() if most == 1 and name}


def _widths(graph: Graph) -> Iterator[tuple[int, int]]:
    for operation in graph.operations:
        rank = len(operation.shape)
        feeders = graph.feeders(operation) if operation.op == "softmax" and rank else []
        if feeders and (axes := graph.axes_of(operation)):
            yield feeders[-1].index, operation.shape[axes[0]]
