"""The divergence of Gaussians in a loss, and what it costs there: the term by which a VAE pays for its codes.

Told by the loss's own terms: a square, something positive and its logarithm subtracted, each with the same factor, as
`-0.5 * (1 + logvar - mu**2 - logvar.exp())` has them, summed or averaged over whatever it is. Sums and numbers alone stand
between such a term and the loss; of one that is clamped (free bits) or weighed by a tensor nothing is said.
"""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from headstart.monitor.graph import output_shape
from headstart.monitor.terms import SUMS, Edge, Node, Part, parts_of, plain_operator
from headstart.monitor.wrong_way import is_square

TERMS = 64  # nodes from the loss to its terms, at most
LOOKS = 3  # backwards without one, after which no more are looked at
SAME = 1e-3  # by which factors may differ that are meant to be alike


class Divergences:
    """Of a run: looked for in each backward, until the first few had none."""

    def __init__(self) -> None:
        self._left = LOOKS

    def look(self, roots: list[Tensor]) -> float | None:
        """The price of a nat in this backward's loss."""
        if not self._left:
            return None
        price = price_of_a_nat(roots[0]) if len(roots) == 1 else None
        self._left = LOOKS if price is not None else self._left - 1
        return price


def price_of_a_nat(root: Tensor) -> float | None:
    """By how much the loss grows where the divergence of each sample grows by one; None where it has no such term."""
    if root.grad_fn is None or root.numel() != 1:
        return None
    terms = _terms((root.grad_fn, 0))
    for edge, factor in terms.items():
        shape = output_shape(edge[0])
        if factor > 0 and shape and _is_variance(edge, factor, terms):
            means = (one for one in terms if one != edge and is_square(one[0]) and output_shape(one[0]) == shape)
            if any(_alike(terms[one], factor) for one in means):
                return 2 * factor * shape[0]
    return None


def _is_variance(edge: Edge, factor: float, terms: dict[Edge, float]) -> bool:
    """Whether its logarithm is subtracted as often as it is added: v - log(v) is least at 1."""
    node = edge[0]
    if plain_operator(node) == "exp":
        below, times = _scaled(node.next_functions[0])
        return _alike(terms.get(below, 0.0), -factor * times)
    squared = node.next_functions[0] if is_square(node) else None
    for (other, _), own in terms.items():
        if plain_operator(other) != "log":
            continue
        given = other.next_functions[0]
        if (given == edge and _alike(own, -factor)) or (given == squared and _alike(own, -2 * factor)):
            return True
    return False


def _terms(root: Edge) -> dict[Edge, float]:
    """What is summed up, and by how much each element of it counts. Nothing where these are too many."""
    todo = [(root, 1.0)]
    found: dict[Edge, float] = {}
    for _ in range(TERMS):
        if not todo:
            return found
        edge, factor = todo.pop()
        if (scaled := _scales(edge[0])) is None:
            found[edge] = found.get(edge, 0.0) + factor
        else:
            todo += [(one, factor * own) for one, own in scaled]
    return {}


def _scaled(edge: Edge) -> tuple[Edge, float]:
    """What a number, if any, multiplies to give it, and that number."""
    times = 1.0
    for _ in range(TERMS):
        scaled = None if plain_operator(edge[0]) in ("mean", "sum", *SUMS) else _scales(edge[0])
        if scaled is None:
            break
        edge, times = scaled[0][0], times * scaled[0][1]
    return edge, times


def _scales(node: Node) -> list[tuple[Edge, float]] | None:
    """The parts of which it is the sum or the mean, and by how much each element of them counts; None: it is none."""
    op = plain_operator(node)
    parts = None if op == "expand" else parts_of(node)
    numbers = [(part.edge, _number(part)) for part in parts or ()]
    if parts is None or not all(math.isfinite(number) for _, number in numbers):
        return None
    share = _share(node) if op == "mean" else 1.0
    return [(edge, share * number) for edge, number in numbers]


def _number(part: Part) -> float:
    """What the part is multiplied by, if it is a number."""
    by = part.by
    if isinstance(by, Tensor):
        if by.ndim or not by.is_cpu or by.is_complex():
            return math.nan
        by = float(by)
    if not part.divides:
        return by
    return 1 / by if by else math.inf


def _share(mean: Any) -> float:
    """Of an element in a mean."""
    child, place = mean.next_functions[0]
    before, after = _count(child, place), math.prod(output_shape(mean))
    return after / before if before > 0 else math.nan


def _count(node: Any, place: int) -> int:
    try:
        return math.prod(int(size) for size in node._input_metadata[place].shape)
    except (AttributeError, IndexError, RuntimeError, TypeError):  # as `output_shape`
        return 0


def _alike(a: float, b: float) -> bool:
    return abs(a - b) <= SAME * abs(b)
