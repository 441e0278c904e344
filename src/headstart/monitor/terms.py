"""How the graph of a loss takes it apart: into what it sums up, each times a factor that has no graph."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor

from headstart.monitor.computed import saved_tensor
from headstart.monitor.operators import RESHAPES, operator
from headstart.monitor.sketch import can_sketch

Node = Any
Edge = tuple[Node, int]

SUMS = ("add", "sub", "rsub")
LARGEST = 2**20  # values that are read


class Part(NamedTuple):
    """An input of a node, and what it is multiplied by there, or divided."""

    edge: Edge
    by: Tensor | float
    divides: bool = False


def parts_of(node: Node) -> list[Part] | None:
    """What `node` gives a sum, a mean or a multiple of; what has no graph is left out. None if it does anything else."""
    op, below = plain_operator(node), node.next_functions
    if op in ("mean", "sum") or op in RESHAPES:
        return [Part(below[0], 1.0)]
    if op == "neg":
        return [Part(below[0], -1.0)]
    if op in SUMS:
        alpha = getattr(node, "_saved_alpha", None)
        if not isinstance(alpha, (int, float)):
            return None
        factors = {"add": (1.0, alpha), "sub": (1.0, -alpha), "rsub": (-alpha, 1.0)}[op]
        return [Part(edge, by) for edge, by in zip(below, factors, strict=False) if edge[0] is not None]
    factor = factor_of(op, node)
    return None if factor is None else [Part(*factor, op == "div")]


def with_signs(parts: list[Part] | None) -> list[tuple[Edge, int]] | None:
    """Each with the sign of what it is multiplied by; None where one has none."""
    signs = [(part.edge, sign_of(part.by)) for part in parts or ()]
    known = [(edge, sign) for edge, sign in signs if sign is not None]
    return known if parts is not None and len(known) == len(signs) else None


def sign_of(scale: Tensor | float) -> int | None:
    """1, -1, or 0 where all is zero; None: it has both signs."""
    if not isinstance(scale, Tensor):
        return (scale > 0) - (scale < 0)
    scale = scale if scale.is_floating_point() or scale.is_complex() else scale.double()
    if not can_sketch(scale) or scale.numel() > LARGEST or not scale.is_cpu:
        return None
    low, high = (float(end) for end in torch.aminmax(scale))
    if low >= 0:
        return int(high > 0)
    return -1 if high <= 0 else None  # what is not a number is neither


def factor_of(op: str, node: Node) -> tuple[Edge, Tensor] | None:
    """Of a product with what has no graph, or of a division by it: the other factor, and what it is multiplied by."""
    if op not in ("mul", "div"):
        return None
    first, second = (*node.next_functions, (None, 0))[:2]
    if first[0] is not None and second[0] is None:
        scale, edge = saved_tensor(node, "other"), first
    elif op == "mul" and first[0] is None and second[0] is not None:
        scale, edge = saved_tensor(node, "self"), second
    else:
        return None
    return None if scale is None else (edge, scale)


def plain_operator(node: Node | None) -> str:
    """Of a function of the user's, whatever its name, nothing is known."""
    name = "" if node is None else node.name()
    return operator(name) if name[-1:].isdigit() else ""
