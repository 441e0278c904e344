"""Layers of which all rows are summed into a single number that is then added to each row: a sum that lacks its axis.

`(u * v).sum() + bias`, `tensordot(u, v, 2) + bias`: what was to be one product for each sample is one for the batch.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from headstart.monitor.graph import Graph, Operation
from headstart.monitor.operators import RESHAPES

SUMS = ("sum", "mm", "bmm", "dot", "vdot", "trace")


def summed(graph: Graph) -> dict[int, int]:
    """By the index of a layer's operation, how many rows of its output are summed up."""
    numbers = [op for op in graph.operations if op.op in SUMS and not op.parameters and prod(op.shape) == 1]
    heard = _heard(graph) if numbers else frozenset()
    found: dict[int, int] = {}
    for operation in numbers:
        rows = _added_to(graph, operation, heard)
        feeders = graph.feeders(operation)
        if rows > 1 and feeders and all(feeder.shape[:1] == (rows,) for feeder in feeders):
            found.update((feeder.index, rows) for feeder in feeders)
    return found


def _added_to(graph: Graph, here: Operation, heard: frozenset[int]) -> int:
    """Rows of that which a single number is added to, if it is before the loss; 0: it is not."""
    while len(here.consumers) == 1:
        last, here = here, graph.operations[here.consumers[0]]
        if here.op in ("add", "sub") and here.role == "join":
            others = [graph.operations[index] for index in here.inputs if index != last.index]
            alone = all(other.shape[:1] == here.shape[:1] for other in others)
            return here.shape[0] if others and alone and here.index in heard and here.shape else 0
        if here.op not in RESHAPES or prod(here.shape) != 1:
            return 0
    return 0


def _heard(graph: Graph) -> frozenset[int]:
    """Operations with a loss function or a log-softmax on every way to the root: they are answers, not costs."""
    found: set[int] = set()
    for operation in reversed(graph.operations):
        consumers: Iterable[Operation] = [graph.operations[index] for index in operation.consumers]
        ends = [one.role == "loss" or one.op == "log_softmax" or one.index in found for one in consumers]
        if ends and all(ends):
            found.add(operation.index)
    return frozenset(found)
