"""How the input of a loss was made, as far as the graph tells: over which axis a softmax went, where the classes lie.

Only names, shapes, dims and scalars of nodes are read, and of a clip what it saved, where no hook would run. And of a
product of unit vectors some values: see cosines.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headstart.monitor import cosines
from headstart.monitor.graph import saved
from headstart.monitor.operators import RESHAPES, operator, signed

WITHIN = 32  # nodes between the loss and what made its input, at most

SOFTMAX = ("softmax", "log_softmax")
# Keep the order of all values: an axis is known again by its size and by how many values lie within it.
VIEWS = frozenset("view unsafe_view reshape_alias squeeze unsqueeze alias clone to_copy".split())
TURNS = frozenset("t transpose permute".split())
CUTS = frozenset("slice select".split())
# Of one tensor these work on each value by itself; a softmax keeps the axes as well.
POINTWISE = frozenset("log clamp clamp_min add sub mul div relu sigmoid tanh native_dropout".split())
ARITHMETIC = ("add", "sub", "mul", "div")
FOLLOWED = VIEWS | TURNS | CUTS | POINTWISE | {*SOFTMAX, "cat"}
FEATURES = {"addmm": -1, "mm": -1, "linear": -1, "convolution": 1}  # the axis of its output that counts its units

RANGES = {  # what an activation can give
    "sigmoid": (0.0, 1.0),
    "hardsigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, math.inf),
    "softplus": (0.0, math.inf),
}
RISING: dict[str, Callable[[float], float]] = {  # what it gives of a number: of a range, what it gives of its ends
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)) if x > -100 else 0.0,
    "tanh": math.tanh,
    "relu": lambda x: max(x, 0.0),
}
STACKED = 4  # activations straight after one another that are followed, at most

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Origin:
    """What stands before the loss's input."""

    made_by: str | None = None  # the operator, through reshapes
    range: tuple[float, float] | None = None  # that it can give; None: any, or not known
    softmax_axis: int | None = None  # of the loss's input: where the axis of the last softmax came to lie
    softmax_size: int | None = None  # how many values that softmax runs over
    class_axis_lost: bool = False  # a view broke up the axis of the units, and put one of the same size in its place
    units: int | None = None  # of the layer, several times the classes, where that one is a part of another axis


@dataclass(frozen=True)
class Made:
    """A tensor that the graph knows and the program may have let go: what made it, and its shape."""

    grad_fn: Any
    shape: Shape

    @property
    def ndim(self) -> int:
        return len(self.shape)


@dataclass(frozen=True)
class _Step:
    """One node on the way, from the shape below it to its own."""

    op: str
    node: Any
    before: Shape
    after: Shape


def origin_of(given: Tensor | Made, class_axis: int) -> Origin:
    """Reads the graph above the loss's input; `class_axis` is where the loss expects the classes."""
    softmax, lost, units = _walk(given, class_axis)
    maker = _maker(given)
    masked = _below_mask(maker)
    if masked is not None and (ends := _range(masked)) is not None:
        return Origin(_activation(masked), (min(0.0, ends[0]), max(0.0, ends[1])), *softmax, lost, units)
    if maker is None:
        return Origin(None, None, *softmax, lost, units)
    if (reach := cosines.reach(maker)) is not None:
        return Origin("cosine_similarity", (-reach, reach), *softmax, lost, units)
    return Origin(_activation(maker), _range(maker), *softmax, lost, units)


def axis_above(axis: int, shape: Shape, nodes: Sequence[Any]) -> int | None:
    """Where an axis of `shape`, which the first of `nodes` is given, lies above the last; None: it is no axis any more.

    They are views and transposes, in the order in which they work.
    """
    place: int | None = axis
    for node in nodes:
        after = _shape(node, 0)
        if place is None or after is None:
            return None
        place, shape = _moved(place, _Step(operator(node.name()), node, shape, after)), after
    return place


def clipped(node: Any) -> Tensor | None:
    """The share of a clip's values that lie beyond its ends; None if no clip, but for reshapes, made the node's output."""
    node = _below_reshapes(node)
    if node is None or operator(node.name()) != "clamp" or (values := saved(node, "self")) is None:
        return None
    low, high = node._saved_min, node._saved_max
    beyond = torch.zeros_like(values, dtype=torch.bool)
    for end, outside in ((low, torch.lt), (high, torch.gt)):
        if isinstance(end, (int, float)):
            beyond |= outside(values, end)
    return beyond.float().mean()


def _walk(given: Tensor | Made, class_axis: int) -> tuple[tuple[int | None, int | None], bool, int | None]:
    """The last softmax's axis and size; whether the axis of the classes was lost; and the units, if they are more."""
    node: Any = given.grad_fn
    shape = tuple(given.shape)
    steps: list[_Step] = []
    softmax: tuple[int | None, int | None] = (None, None)
    while node is not None and len(steps) < WITHIN:
        op = operator(node.name())
        if op in SOFTMAX and softmax == (None, None) and shape and all(step.op != "cat" for step in steps):
            axis = _place(node._saved_dim, len(shape))
            softmax = (_followed(axis, steps), shape[axis])
        if op in FEATURES and len(shape) > 1:
            units = FEATURES[op] % len(shape)
            classes = given.shape[class_axis] if class_axis < given.ndim else 0
            if 1 < shape[units] == classes:
                return softmax, _is_broken_up(units, steps), None
            if classes > 1 and shape[units] % classes == 0 and _is_cut_out(class_axis, classes, units, shape, steps):
                return softmax, True, shape[units]
            return softmax, False, None
        # Of what several layers gave, as a detector's of several sizes, the first is taken for all.
        children = node.next_functions[:1] if op == "cat" else _data(node, shape)
        if len(children) != 1 or op not in FOLLOWED:
            break
        below = _shape(*children[0])
        if below is None:
            break
        steps.append(_Step(op, node, below, shape))
        node, shape = children[0][0], below
    return softmax, False, None


def _data(node: Any, shape: Shape) -> list[tuple[Any, int]]:
    """What `node` works on, but for a bias or a scale: a leaf, while the other operand has its output's shape.

    So torch writes a linear layer whose input is not contiguous, as a recurrent layer's at batch_first=True.
    """
    children = [child for child in node.next_functions if child[0] is not None]
    if operator(node.name()) in ARITHMETIC and len(children) == 2:
        kept = [child for child in children if not hasattr(_below_reshapes(child[0]), "variable")]
        return kept if len(kept) == 1 and _shape(*kept[0]) == shape else children
    return children


def _maker(given: Tensor | Made) -> Any:
    """The node that made `given`, through reshapes; None for what the graph does not tell."""
    return _below_reshapes(given.grad_fn)


def _below_mask(node: Any) -> Any:
    """What a mask of zeros and ones is multiplied by, which lets each value through or makes it 0; None: `node` is none."""
    if node is None or operator(node.name()) != "mul" or len(node.next_functions) != 2:
        return None
    (first, _), (second, _) = node.next_functions
    factor = saved(node, "self" if first is None else "other") if (first is None) != (second is None) else None
    if factor is None or not factor.is_cpu or not bool(((factor == 0) | (factor == 1)).all()):
        return None
    return _below_reshapes(second if first is None else first)


def _below_reshapes(node: Any) -> Any:
    while node is not None and operator(node.name()) in RESHAPES:
        node = node.next_functions[0][0]
    return node


def _activation(node: Any) -> str:
    """The operator's name; "softmax" also where it is written out, `e / e.sum(...)` with `e = torch.exp(x)`."""
    op = operator(node.name())
    if op != "div" or len(node.next_functions) != 2:
        return op
    above, below = (_below_reshapes(child) for child, _ in node.next_functions)
    if above is None or below is None or operator(above.name()) != "exp" or operator(below.name()) != "sum":
        return op
    return "softmax" if _below_reshapes(below.next_functions[0][0]) is above else op


def _range(node: Any, stacked: int = 1) -> tuple[float, float] | None:
    """What the activation can give: of one on another, what the outer makes of the inner's range."""
    op = _activation(node)
    if op == "hardtanh":
        return float(node._saved_min_val), float(node._saved_max_val)
    if op in RISING and stacked < STACKED:
        inner = _below_reshapes(node.next_functions[0][0])
        ends = None if inner is None else _range(inner, stacked + 1)
        if ends is not None:
            return RISING[op](ends[0]), RISING[op](ends[1])
    return RANGES.get(op)


def _followed(axis: int, steps: Iterable[_Step]) -> int | None:
    """Where an axis from below all `steps` (the loss first) lies above them; None: it is no axis any more."""
    place: int | None = axis
    for step in reversed(list(steps)):
        if place is not None:
            place = _moved(place, step)
    return place


def _is_broken_up(axis: int, steps: Iterable[_Step]) -> bool:
    """Whether a view on the way, and nothing else, ends the axis."""
    place = axis
    for step in reversed(list(steps)):
        moved = _moved(place, step)
        if moved is None:
            return step.op in VIEWS and step.before[place] > 1
        place = moved
    return False


def _is_cut_out(axis: int, size: int, units: int, shape: Shape, steps: Iterable[_Step]) -> bool:
    """Whether `size` classes, along `axis` of the loss's input, are pieces of one axis that counts places, not units.

    The first axis may count samples and places together, and all of an axis may be asked for on purpose: which place?
    """
    inner = 1  # how far apart the classes lie along the axis
    for step in steps:
        if step.op in TURNS:
            if (order := _order(step)) is None:
                return False
            axis = order[axis]
        elif step.op in CUTS or step.op == "cat":
            dim = _place(step.node._saved_dim, len(step.before))
            axis += step.op == "select" and axis >= dim
            if axis == dim and step.before != step.after:
                return False
        elif step.before != step.after:
            apart = inner * math.prod(step.after[axis + 1 :])
            found = _part(apart, size, step.before) if step.op in VIEWS else None
            if found is None:
                return False
            axis, inner = found
    return axis not in (0, units) and size < shape[axis]


def _part(apart: int, size: int, shape: Shape) -> tuple[int, int] | None:
    """The axis within which runs of `size` values lie, `apart` in memory, and how far apart they are along it."""
    for axis, count in enumerate(shape):
        within = math.prod(shape[axis + 1 :])
        if count >= size and within > 0 and apart % within == 0 and (count * within) % (apart * size) == 0:
            return axis, apart // within
    return None


def _moved(axis: int, step: _Step) -> int | None:
    """The axis of `step.before` among those of `step.after`."""
    if step.op in TURNS:
        order = _order(step)
        return order.index(axis) if order is not None else None
    if step.op in CUTS or step.op == "cat":
        return _cut(axis, step)
    if step.before == step.after:
        return axis
    if step.op not in VIEWS or step.before[axis] == 1:  # an axis of size 1 is everywhere and nowhere
        return None
    wanted = step.before[axis], math.prod(step.before[axis + 1 :])
    found = (i for i, size in enumerate(step.after) if (size, math.prod(step.after[i + 1 :])) == wanted)
    return next(found, None)


def _order(step: _Step) -> list[int] | None:
    """Which axis of `before` each axis of `after` is."""
    rank = len(step.before)
    if step.op == "permute":
        return [_place(dim, rank) for dim in step.node._saved_dims]
    if step.op == "t":
        return list(range(rank))[::-1]
    order = list(range(rank))
    a, b = _place(step.node._saved_dim0, rank), _place(step.node._saved_dim1, rank)
    order[a], order[b] = order[b], order[a]
    return order


def _cut(axis: int, step: _Step) -> int | None:
    dim = _place(step.node._saved_dim, len(step.before))
    if dim == axis:
        return axis if step.before == step.after else None
    return axis - 1 if step.op == "select" and dim < axis else axis


def _place(dim: int, rank: int) -> int:
    return signed(dim) % rank


def _shape(node: Any, number: int) -> Shape | None:
    """Of what `node` gave; None where it does not tell, as leaves and nodes that give several things."""
    try:
        return tuple(int(size) for size in node._input_metadata[number].shape)
    except (AttributeError, IndexError, RuntimeError, TypeError):
        return None
