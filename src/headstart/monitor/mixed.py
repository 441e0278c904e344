"""Views that mix axes: `x.view(batch, heads, time, -1)` of (batch, time, features), where a transpose was meant.

A view keeps the order of the values. Whatever splits axes and merges neighbours can be told by counting off: every product
of the first sizes before and every one after it must be finer or coarser than each other. Where neither divides the
other, no splitting and merging explains the view: each of its places holds values of several places before.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import prod
from operator import mul
from typing import NamedTuple

from headstart.monitor.graph import Graph, Operation, viewed_shape
from headstart.monitor.operators import VIEWS


class Mixed(NamedTuple):
    """A view, and whether the sizes alone prove that it mixes axes."""

    operation: Operation
    before: tuple[int, ...]
    after: tuple[int, ...]
    proven: bool


def mixed(graph: Graph) -> Mixed | None:
    """The first view of what layers gave that mixes axes, and is not taken back before the next weights."""
    back: set[int] = set()  # views that take another one back
    for operation in graph.operations:
        if operation.op not in VIEWS or len(operation.inputs) != 1 or operation.index in back:
            continue
        before, after = viewed_shape(operation.node), operation.shape
        proven = cuts_through(before, after)
        if proven or moves_an_axis(before, after, 0 if _is_stack(graph, operation) else 1):
            if not (found := _taken_back(graph, operation, before)):
                return Mixed(operation, before, after, proven)
            back |= found
    return None


def cuts_through(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether no splitting and merging of axes makes the one shape of the other."""
    if min((*before, *after), default=0) < 1 or prod(before) != prod(after):
        return False
    first, then = set(accumulate(before, mul)), set(accumulate(after, mul))
    return any(p % q and q % p for p in first for q in then)


def moves_an_axis(before: Sequence[int], after: Sequence[int], start: int = 1) -> bool:
    """Whether an inner axis stands elsewhere than before, between others of the same sizes.

    (b, t, h, d) as (b, h, t, d); (b, t, hd) as (b, h, t, d); or (b, h, t, d) as (b, t, hd). Sizes may be so by chance where
    the first axis or the last takes part, as in (t, b, hd) as (t, bh, d): of those it says nothing. `start` is the first
    axis that may take part: 0 where it is known to be none of samples.
    """
    before, after = tuple(before), tuple(after)
    if min((*before, *after), default=0) < 1 or prod(before) != prod(after) or before[:start] != after[:start]:
        return False
    if len(before) == len(after):
        return any(
            before[:i] == after[:i]
            and before[i + 2 :] == after[i + 2 :]
            and before[i : i + 2] == after[i : i + 2][::-1]
            and before[i] != before[i + 1]
            and 1 not in before[i : i + 2]
            for i in range(start, len(before) - 2)
        )
    few, many = sorted((before, after), key=len)
    if len(many) - len(few) != 1 or len(few) < start + 2:
        return False
    return any(
        few[:i] == many[:i]
        and few[i + 2 :] == many[i + 3 :]
        and few[i] == many[i + 1] != many[i]
        and 1 not in many[i : i + 2]
        for i in range(start, len(few) - 1)
    )


def _is_stack(graph: Graph, view: Operation) -> bool:
    """Whether it views what was stacked along a new first axis: steps, layers, the directions of a recurrent layer."""
    here = graph.operations[view.inputs[0]]
    while here.op in ("clone", "alias") and len(here.inputs) == 1:
        here = graph.operations[here.inputs[0]]
    return here.op == "stack" and getattr(here.node, "_saved_dim", None) == 0


def _taken_back(graph: Graph, view: Operation, before: tuple[int, ...]) -> set[int]:
    """Views that give the shape back with no weights between: what is done per value or group does not mind."""
    found: set[int] = set()
    seen: set[int] = set()
    todo = list(view.consumers)
    while todo:
        index = todo.pop()
        if index in seen:
            continue
        seen.add(index)
        operation = graph.operations[index]
        if operation.op in VIEWS and operation.shape == before:
            found.add(index)
        elif operation.role != "weights":
            todo += operation.consumers
    return found
