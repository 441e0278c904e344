"""Reads the graph of a loss when there is something new in it, and at each sketched step what raw tensors do there."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from headstart.monitor import flow, states
from headstart.monitor.ahead import ahead
from headstart.monitor.choices import Choices
from headstart.monitor.graph import Graph, read_graph, saved_input, saved_result
from headstart.monitor.mixed import mixed
from headstart.monitor.modules import Slot
from headstart.monitor.names import user_line, variable_of
from headstart.monitor.outbox import Outbox
from headstart.monitor.signals import Signals
from headstart.monitor.sketch import can_sketch

GRAPHS = 24  # graphs read of one run, at most
FORMS = 64  # graphs of raw tensors that are known again, at most: a sequence's last lengths

Gradient = Callable[[Slot, int, int, tuple[Tensor | None, ...]], None]


@dataclass(frozen=True)
class Raw:
    """Layers of one form of a graph that are no modules, and the activations that they feed: names and operations."""

    layers: tuple[tuple[str, int], ...]
    activations: tuple[tuple[str, int], ...]


class Tracing:
    """The graphs of one run.

    Args:
        key: of the tags that layers and losses left in the graph.
        gradient: is called with a slot, the step, the output's number and the node's gradients, as they come back.
    """

    def __init__(self, signals: Signals, key: str, gradient: Gradient) -> None:
        self._signals = signals
        self._key = key
        self._gradient = gradient
        self._known: set[tuple[Any, ...]] = set()
        self._opaque: set[str] = set()
        self._choices = Choices()
        self._mixed = False  # a view that mixes axes was seen
        self._ahead = False  # a layer that sees the words that it is to tell
        self._raw: dict[str, Slot] = {}  # by name: layers and activations that are no modules
        self._raw_of: dict[int, Raw] = {}  # by the form of their graphs

    def read(self, roots: list[Tensor], step: int, outbox: Outbox) -> None:
        """Once for each line that calls backward, and again when new layers have come since."""
        key = (user_line(), self._signals.modules.met)
        if not self._raw and not self._choices.due(step) and (key in self._known or len(self._known) >= GRAPHS):
            return
        new = key not in self._known
        self._known.add(key)
        if new:
            outbox.meta({"backward": sorted({line for line, _ in self._known if line})})
        read_again = new or self._choices.due(step)
        for root in roots:
            graph = read_graph(root, key=self._key)
            form = None if read_again else self._form(graph)
            raw = None if form is None else self._raw_of.get(form)
            if raw is None:
                raw = self._describe(graph, new, outbox)
                if raw.layers and (form := self._form(graph)) is not None:
                    self._raw_of = {form: raw, **dict(list(self._raw_of.items())[: FORMS - 1])}
            self._take_raw(raw, graph, step)
        self._signals.name_new(outbox)

    def _describe(self, graph: Graph, new: bool, outbox: Outbox) -> Raw:
        states.note_views(graph, self._key)
        found = flow.describe(graph, self._signals.modules, self._signals.ledger, variable_of)
        for layer in found.layers:
            outbox.layer(layer)
        self._signals.ledger.penalised(graph.penalised())
        for slot, reading in found.readings():
            self._signals.sheets.read(self._signals.stream(slot, "activation"), reading)
        self._opaque |= found.opaque
        self._choices.note(graph, found.names)
        if (classes := graph.softmax_again()) is not None:
            outbox.meta({"softmax_again": classes})
        if new and not self._mixed and (view := mixed(graph)) is not None:
            self._mixed = True
            layers = [found.names[layer.index] for layer in graph.feeders(view.operation)]
            facts = {"before": view.before, "after": view.after, "proven": view.proven, "layers": layers}
            outbox.meta({"mixed_by_view": facts})
        if new and not self._ahead and (seen := ahead(graph)) is not None:
            self._ahead = True
            layers = [found.names[layer.index] for layer in graph.feeders(seen.operation)]
            facts = {"layers": layers, "words": seen.words, "same": seen.same, "later": seen.later}
            outbox.meta({"sees_ahead": facts})
        outbox.meta({"unseen": sorted(self._opaque), "softmax_of_one": self._choices.facts()})
        return Raw(
            tuple((name, operation.index) for name, operation in found.raw),
            tuple((feeder, operation.index) for feeder, operation in found.raw_activations),
        )

    def _form(self, graph: Graph) -> int | None:
        """A hash of what a graph has to share with one that was described; None while it has unknown weights."""
        name_of = self._signals.ledger.name_of
        weights = (p for operation in graph.operations if operation.role == "weights" for p in operation.parameters)
        if None in map(name_of, weights):
            return None
        return hash(tuple((o.op, o.shape, tuple(map(name_of, o.parameters)), o.inputs) for o in graph.operations))

    def _take_raw(self, raw: Raw, graph: Graph, step: int) -> None:
        """Raw tensors have no module that is called: their signals are taken from the graph."""
        for name, index in raw.layers:
            operation = graph.operations[index]
            slot = self._raw.setdefault(name, Slot(None, operation.op, None, operation.index, None, name=name))
            given = None if operation.inputs else saved_input(operation)
            if slot.step != step and can_sketch(given):
                slot.step = step
                self._signals.take(slot, "input", given)
            operation.node.register_prehook(functools.partial(self._gradient, slot, step, 0))
        for feeder, index in raw.activations:
            operation = graph.operations[index]
            slot = flow.raw_slot(feeder, operation, self._raw[feeder].order + 1)
            slot = self._raw.setdefault(slot.name, slot)
            result = saved_result(operation)
            if slot.step != step and can_sketch(result):
                slot.step = step
                self._signals.take_output(slot, result, step)
