"""Products of unit vectors: cosines, none of which lies beyond 1.

Read from the graph: what is divided by its own norm, and not what its values are. One side may have no graph, as a frozen
tower's or a table of prototypes; and vectors may be made unit in other ways, and multiplied in other forms: of these the
values are looked at, on the CPU alone.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from headstart.monitor.computed import output_of
from headstart.monitor.graph import saved
from headstart.monitor.operators import RESHAPES, TURNS, operator, signed

WITHIN = 8  # nodes between a product and what was divided by its norm, or the loss and the product
ROUNDING = 1e-2  # what a unit vector's length may be above 1; in bfloat16 it is off by 4e-3
COPIES = ("to_copy", "clone", "alias")
PICKS = ("masked_fill", "index", "cat")  # some of the similarities, beside others or in place of them
UNIT = 0.02  # by which the length of a vector may be off 1: half precision's rounding of each of its values
# On the way to a norm: they make the divisor larger, if anything.
GUARDS = ("expand", "clamp_min", "clamp", "add", "clone")


def reach(node: Any) -> float | None:
    """How far from 0 the scaled products of unit vectors come that `node` gives; None if it gives anything else."""
    scale = 1.0
    for _ in range(WITHIN):
        if node is None:
            return None
        if (lengths := _of_product(node)) is not None:
            return scale * lengths
        op = operator(node.name())
        by = 1.0 if op in RESHAPES or op in (*COPIES, *PICKS) else _scale(node)
        if by is None:
            return None
        scale *= by
        node = next((child for child, _ in node.next_functions if child is not None), None)
    return None


def _of_product(node: Any) -> float | None:
    """The lengths of both sides' vectors multiplied; None if it is no product, or they are not known."""
    op = operator(node.name())
    if op == "mm":
        first, second = (_length(node, place) for place in (0, 1))
        if first is not None and second is not None:
            return first * second
    if op in ("mm", "bmm"):
        product, names, axes = node, ("self", "mat2"), (-1, -2)
    elif op == "sum":
        product, dims = node.next_functions[0][0], list(getattr(node, "_saved_dim", None) or [])
        if product is None or operator(product.name()) != "mul" or len(dims) != 1:
            return None
        names, axes = ("self", "other"), (signed(dims[0]),) * 2
    else:
        return None
    sides = (_factor(product, name, place) for place, name in enumerate(names))
    return 1.0 if all(_are_unit(side, axis) for side, axis in zip(sides, axes, strict=True)) else None


def _length(product: Any, place: int) -> float | None:
    """That of one side's vectors, along the axis that the product sums over; None if it is not known to be one."""
    node, axis, scale = product.next_functions[place][0], 1 - place, 1.0
    if node is None:
        return _length_of_values(product, place)
    for _ in range(WITHIN):
        op = operator(node.name())
        if op in TURNS:
            axis, by = 1 - axis, 1.0
        elif op in COPIES:
            by = 1.0
        elif op == "div" and _is_by_its_norm(node, axis):
            return scale
        elif (factor := _scale(node)) is not None:
            by = factor
        else:
            return None
        scale *= by
        node = next(child for child, _ in node.next_functions if child is not None)
    return None


def _length_of_values(product: Any, place: int) -> float | None:
    values = saved(product, ("self", "mat2")[place])
    if values is None or values.ndim != 2 or values.device.type != "cpu":
        return None
    longest = float(values.detach().float().norm(dim=1 - place).amax())
    return 1.0 if longest <= 1 + ROUNDING else None


def _scale(node: Any) -> float | None:
    """The number that it multiplies by, or one over that which it divides by; None if it is another operator."""
    op = operator(node.name())
    below = [child for child, _ in node.next_functions if child is not None]
    if op not in ("mul", "div") or len(below) != 1:
        return None
    name = "other" if node.next_functions[0][0] is not None else "self"
    factor = saved(node, name)
    if factor is None or factor.ndim or factor.device.type != "cpu" or not float(factor):
        return None
    return abs(float(factor)) if op == "mul" else 1 / abs(float(factor)) if name == "other" else None


def _is_by_its_norm(node: Any, axis: int) -> bool:
    above, below = node.next_functions[0][0], node.next_functions[-1][0]
    for _ in range(WITHIN):
        if below is None or operator(below.name()) not in GUARDS:
            break
        below = below.next_functions[0][0]
    if above is None or below is None or operator(below.name()) != "linalg_vector_norm":
        return False
    dims = tuple(signed(dim) % 2 for dim in below._saved_dim or ())
    return below._saved_ord == 2 and dims == (axis,) and below.next_functions[0][0] is above


def _factor(product: Any, name: str, place: int) -> Tensor | None:
    """One side of a product: it saved each for the other's gradient, if that has one."""
    found, maker = saved(product, name), product.next_functions[place][0]
    return output_of(maker) if found is None and maker is not None else found


def _are_unit(vectors: Tensor | None, axis: int) -> bool:
    """Whether all are of length 1, and there are several values in each."""
    if vectors is None or not vectors.is_cpu or not vectors.is_floating_point() or vectors.shape[axis] < 2:
        return False
    lengths = torch.linalg.vector_norm(vectors.detach(), dim=axis, dtype=torch.float32)
    return lengths.numel() > 1 and bool(((lengths - 1).abs() < UNIT).all())
