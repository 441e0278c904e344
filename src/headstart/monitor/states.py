"""What a recurrent layer gives, (steps, batch, features) and (states, batch, features), and the views that break it up.

A view only counts the values off anew. Rows of a view that has as many as there are samples, and no longer the samples'
axis, hold values of several samples each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.nn import Module, RNNBase

from headstart.monitor.graph import Graph, Operation
from headstart.monitor.modules import Slot
from headstart.monitor.operators import VIEWS, operator

SAME = (*VIEWS, "alias", "clone", "to_copy")  # keep all values in their order

Shape = tuple[int, ...]
States = dict[int, tuple[Slot, Shape]]  # by the node's output


def mark(module: Module, output: Any, slot: Slot, key: str) -> None:
    """Leaves the slot on the nodes of the states, and of the outputs where their first axis counts the steps."""
    if not isinstance(module, RNNBase) or not isinstance(output, tuple) or len(output) != 2:
        return
    outputs, states = output
    given = states if isinstance(states, tuple) else (states,)
    if not module.batch_first:
        given = (outputs, *given)
    for tensor in given:
        if isinstance(tensor, Tensor) and tensor.ndim == 3 and tensor.grad_fn is not None:
            metadata: dict[str, Any] = tensor.grad_fn.metadata  # type: ignore[assignment]  # torch says: a function
            marks: States = metadata.setdefault(_key(key), {})
            marks[tensor.output_nr] = slot, tuple(tensor.shape)


def note_views(graph: Graph, key: str) -> None:
    """Writes into the slots which views mix their samples, of those whose values anything but a view takes."""
    for operation in graph.operations:
        if operation.op in VIEWS and any(graph.operations[index].op not in SAME for index in operation.consumers):
            for slot, shape in _viewed(operation, key):
                if mixes(shape, operation.shape) and slot.viewed is None:
                    slot.viewed = shape, operation.shape


def mixes(shape: Shape, viewed: Shape) -> bool:
    """Whether a view of (steps, batch, features) has a row for each sample, and in it values of several samples."""
    first, samples, features = shape
    kept = any((size, math.prod(viewed[i + 1 :])) == (samples, features) for i, size in enumerate(viewed))
    return first > 1 and samples > 1 and first != samples and len(viewed) > 1 and viewed[0] == samples and not kept


def _viewed(operation: Operation, key: str) -> Iterator[tuple[Slot, Shape]]:
    """The states that an operation is a view of."""
    node, op = operation.node, operation.op
    while op in SAME and node.next_functions and node.next_functions[0][0] is not None:
        node, number = node.next_functions[0]
        found = node.metadata.get(_key(key), {}).get(number)
        if found is not None:
            yield found
            return
        op = operator(node.name())


def _key(key: str) -> str:
    return f"{key}.states"
