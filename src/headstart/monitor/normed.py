"""What a batch norm by the batch's statistics stands straight behind: a bias, which it cancels, or an activation.

Such a norm subtracts from each channel its mean over the batch. What was added to a whole channel just before is gone
again: a bias whose axis is that of the channels, with nothing but views between the two.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from headstart.monitor.graph import Graph, Operation
from headstart.monitor.operators import NORMS
from headstart.monitor.origin import FEATURES, TURNS, VIEWS, axis_above

CHANNELS = 1  # axis of what a batch norm is given
BIAS = {"addmm": 0, "linear": 2, "convolution": 2}  # its place among `next_functions`

Shape = tuple[int, ...]


@dataclass
class Normed:
    """What one graph tells."""

    biases: list[
        tuple[Tensor, bool]
    ]  # tensors of two dimensions at most: whether norms cancel them, wherever they are used
    after: dict[int, str]  # by a layer's index: the activation between it and a norm


def normed(graph: Graph) -> Normed:
    """Names and shapes alone are read."""
    after: dict[int, str] = {}
    cancelled: Counter[int] = Counter()
    for norm in graph.operations:
        before = _before(graph, norm) if _takes_batch_statistics(norm) else None
        if before is None:
            continue
        here, passed = before
        if here.role == "activation":
            layer = _layer(graph, here)
            if layer is not None:
                after[layer.index] = here.op
        elif (bias := _bias(here)) is not None:
            axis = _axis(tuple(bias.shape), here)
            if axis is not None and axis_above(axis, here.shape, passed) == CHANNELS:
                cancelled[id(bias)] += 1
    uses = [leaf for one in graph.operations for leaf in one.parameters if leaf.ndim <= 2]
    times = Counter(map(id, uses))
    leaves = {id(leaf): leaf for leaf in uses}
    return Normed([(leaf, times[key] == cancelled[key]) for key, leaf in leaves.items()], after)


def _takes_batch_statistics(operation: Operation) -> bool:
    """Of a single sample each is normalised by itself, as by an instance norm, which is written as a batch norm."""
    several = len(operation.shape) > 1 and operation.shape[0] > 1
    return NORMS.get(operation.op) == "batch_norm" and several and getattr(operation.node, "_saved_training", False)


def _before(graph: Graph, operation: Operation) -> tuple[Operation, list[Any]] | None:
    """What gives its output to `operation` alone, and the views between them, the first one first."""
    passed: list[Any] = []
    while len(operation.inputs) == 1:
        operation = graph.operations[operation.inputs[0]]
        if len(operation.consumers) > 1:
            return None
        if operation.op not in VIEWS and operation.op not in TURNS:
            return operation, passed[::-1]
        passed.append(operation.node)
    return None


def _layer(graph: Graph, operation: Operation) -> Operation | None:
    """The layer straight before it, whose bias may have been added apart."""
    before = _before(graph, operation)
    if before is not None and before[0].op == "add" and before[0].role == "shape" and before[0].parameters:
        before = _before(graph, before[0])
    return before[0] if before is not None and before[0].op in FEATURES and before[0].parameters else None


def _bias(operation: Operation) -> Tensor | None:
    """The leaf that it adds to its product, or to what it is given."""
    children = [child for child, _ in operation.node.next_functions]
    if operation.op == "add" and operation.role == "shape" and len(operation.inputs) == 1:
        leaves = [leaf for child in children if (leaf := _leaf(child)) is not None]
        return leaves[0] if len(leaves) == 1 else None
    place = BIAS.get(operation.op)
    return _leaf(children[place]) if place is not None and place < len(children) else None


def _leaf(node: Any) -> Tensor | None:
    """Behind a cast, as autocast makes it."""
    while node is not None and not hasattr(node, "variable"):
        node = node.next_functions[0][0] if node.name().startswith("ToCopy") else None
    return None if node is None else node.variable


def _axis(bias: Shape, operation: Operation) -> int | None:
    """The only axis of its output along which a bias of that shape is not the same everywhere."""
    if operation.op == "convolution":
        return CHANNELS
    own = [place - len(bias) for place, size in enumerate(bias) if size > 1]
    return own[0] + len(operation.shape) if len(own) == 1 else None
