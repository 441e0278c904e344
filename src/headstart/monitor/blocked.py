"""Operations whose every way to the loss leads through a step function: its derivative is zero, and so is theirs."""

from __future__ import annotations

from headstart.monitor.graph import Graph

# Constant between their jumps. `argmax`, comparisons and integer casts leave the graph instead.
STEP_FUNCTIONS = ("round", "floor", "ceil", "trunc", "sign")


def blocked(graph: Graph) -> dict[int, str]:
    """By the index of an operation, the first step function on its way to the root, if every way has one.

    A straight-through estimator, `x + (round(x) - x).detach()`, has a way beside it.
    """
    open_to_root: set[int] = set()
    found: dict[int, str] = {}
    for operation in reversed(graph.operations):
        consumers = [graph.operations[index] for index in operation.consumers]
        stepped = next((consumer.op for consumer in consumers if consumer.op in STEP_FUNCTIONS), None)
        if not consumers or any(c.index in open_to_root and c.op not in STEP_FUNCTIONS for c in consumers):
            open_to_root.add(operation.index)
        else:
            found[operation.index] = stepped or next(found[c.index] for c in consumers if c.index in found)
    return found
