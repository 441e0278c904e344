"""Whether a recurrence runs along what were samples to the convolution before it.

The first axis of a convolution's output is the batch, whatever the user calls it. Axes are moved about by operations that
say so: permute, transpose, squeeze, a view that merges neighbours. So each axis of what a recurrent layer is given can be
followed back to the axis of the convolution that it was.
"""

from __future__ import annotations

from math import prod
from typing import Any

from torch import Tensor
from torch.nn import Module

from headstart.monitor.graph import output_shape, viewed_shape
from headstart.monitor.operators import VIEWS, signed
from headstart.monitor.terms import plain_operator
from headstart.monitor.viewed import IN_PLACE

NEAR = 24  # operations that are gone back
POOLS = ("max_pool2d_with_indices", "avg_pool2d", "adaptive_avg_pool2d", "adaptive_max_pool2d")

Node = Any


def crossed(module: Module, args: tuple[Any, ...]) -> tuple[int, int] | None:
    """Of what runs along samples, and takes places of a picture or a signal for them: how many of each.

    A picture for each step of one film makes the batch a sequence as well; but then no place of it is a sample.
    """
    given, batch_first = args[0] if args else None, getattr(module, "batch_first", None)
    if type(given) is not Tensor or given.ndim != 3 or not isinstance(batch_first, bool):
        return None
    steps, samples = (1, 0) if batch_first else (0, 1)
    if min(given.shape[:2]) < 2 or _origin(given, steps) != 0 or (_origin(given, samples) or 0) < 2:
        return None
    return given.shape[steps], given.shape[samples]


def _origin(given: Tensor, axis: int) -> int | None:
    """Which axis of the last convolution's output, or the first of those that were merged, became `axis`."""
    node: Node = given.grad_fn
    place: int | None = axis
    for _ in range(NEAR):
        if node is None or place is None or plain_operator(node) == "convolution":
            return None if node is None else place
        place = _before(node, place)
        shape = output_shape(node)
        below = [child for child, _ in node.next_functions if child is not None]
        node = below[0] if len(below) == 1 else next((one for one in below if output_shape(one) == shape), None)
    return None


def _before(node: Node, place: int) -> int | None:
    """Where axis `place` of what `node` gave lay in what it was given; None: it is made of several, or not known."""
    op, shape = plain_operator(node), output_shape(node)
    rank = len(shape)
    if op in IN_PLACE or op in POOLS:
        return place
    if op == "permute":
        return signed(node._saved_dims[place]) % rank
    if op == "transpose":
        first, second = (signed(dim) % rank for dim in (node._saved_dim0, node._saved_dim1))
        return {first: second, second: first}.get(place, place)
    if op == "unsqueeze":
        new = signed(node._saved_dim) % rank
        return None if place == new else place - (place > new)
    if op == "squeeze" and isinstance(dim := getattr(node, "_saved_dim", None), int):
        return place + (place >= signed(dim) % (rank + 1))
    if op == "mean" and not getattr(node, "_saved_keepdim", True):
        dims: tuple[int, ...] = tuple(node._saved_dim or ())
        return place + (place >= signed(dims[0]) % (rank + 1)) if len(dims) == 1 else None
    return _unmerged(viewed_shape(node), shape, place) if op in VIEWS else None


def _unmerged(before: tuple[int, ...], after: tuple[int, ...], place: int) -> int | None:
    """The axis, or the first of the neighbours, whose sizes give that of `place`; what is before it is as large."""
    for first in range(len(before)):
        if prod(before[:first]) == prod(after[:place]) and before[first] > 1:
            sizes = (prod(before[first:last]) for last in range(first + 1, len(before) + 1))
            return first if after[place] in sizes else None
    return None
