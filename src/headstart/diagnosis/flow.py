"""Who feeds whom: the layers' order and ancestry, as the record tells them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from headstart.record import Layer, Record


class Flow:
    """The layers of one record in flow order."""

    def __init__(self, record: Record) -> None:
        self._layers = {layer.name: layer for layer in record.layers}
        self.known = any(layer.follows for layer in record.layers)  # else: chains, each up to an output

    def place(self, name: str | None) -> int:
        """Its place in flow order; behind all others if unknown."""
        return self._places.get(name or "", len(self._places))

    def upstream(self, name: str) -> frozenset[str]:
        """All layers that its inputs passed through."""
        return self._upstream.get(name, frozenset())

    def feeding(self, name: str) -> frozenset[str]:
        """The nearest layers with weights of their own that its inputs come from."""
        found, seen, todo = set[str](), {name}, [*self._layers[name].follows]
        while todo:
            before = self._layers.get(todo.pop())
            if before is None or before.name in seen:
                continue
            seen.add(before.name)
            if before.parameters:
                found.add(before.name)
            else:
                todo += before.follows
        return frozenset(found)

    def connected(self, a: Iterable[str], b: Iterable[str]) -> bool:
        """Whether a signal can pass, forward or back, between a layer of `a` and one of `b`; none is the whole run."""
        a, b = frozenset(a), frozenset(b)
        if not a or not b or a & b:
            return True
        return any(self.upstream(x) & b for x in a) or any(self.upstream(x) & a for x in b)

    @cached_property
    def _places(self) -> dict[str, int]:
        """By how many layers stand upstream, so that each comes behind all that feed it; then by the first call."""
        ordered = sorted(self._layers.values(), key=lambda layer: (len(self.upstream(layer.name)), layer.order))
        return {layer.name: place for place, layer in enumerate(ordered)}

    @cached_property
    def _upstream(self) -> dict[str, frozenset[str]]:
        if not self.known:
            upstream, chain = {}, frozenset[str]()
            for layer in self._layers.values():
                upstream[layer.name] = chain
                chain = frozenset() if layer.output else chain | {layer.name}
            return upstream
        return {layer.name: self._walk(layer) for layer in self._layers.values()}

    def _walk(self, layer: Layer) -> frozenset[str]:
        seen: set[str] = set()
        todo = list(layer.follows)
        while todo:
            name = todo.pop()
            if name not in seen and name != layer.name:
                seen.add(name)
                before = self._layers.get(name)
                todo += before.follows if before else ()
        return frozenset(seen)
