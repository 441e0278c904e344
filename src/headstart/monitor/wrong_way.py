"""Terms of a loss whose sign is wrong whatever the data are: told by the graph from the loss on, and by little of it.

A square of what a layer gives, subtracted, has no lowest value: the layer's weights times two make it four times as
large, and what uses the output through a layer of its own need not change. So it is where a VAE subtracts its divergence.
And an overlap of answers with targets, the coefficient of Dice or of Jaccard, is to grow: alone it is never to be made
small.

What is multiplied, within the loss, by anything but numbers of one sign is left alone (a policy gradient), and so is all
behind an operator that is not linear (a logarithm of a sum, a margin).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from headstart.monitor.computed import output_of, saved_tensor
from headstart.monitor.graph import output_shape
from headstart.monitor.operators import NORMS, OF_WEIGHTS, PARTS, RESHAPES, WEIGHTS, signed
from headstart.monitor.sketch import can_sketch
from headstart.monitor.terms import LARGEST, Edge, Node, Part, factor_of, parts_of, plain_operator, sign_of, with_signs

TERMS = 64  # nodes from the loss to its terms, at most
NEAR = 256  # nodes from the loss to the layers that it takes its outputs from, at most
ALL = 8192  # nodes of a whole graph, at most; walked through only where a square is subtracted
WITHIN = 12  # nodes from a square to the layer that made its base, at most
SAME = 1e-4  # what rounding may change, as a share of the largest output
ACTIVE = ("sigmoid", "softmax")


@dataclass(frozen=True)
class WrongWay:
    """What one backward's loss holds."""

    figure: str
    value: Tensor
    weight: Tensor  # of the layer whose outputs it is about


class WrongWays:
    """Those of a run: only if every backward that is looked at holds one, for what another backward opposes is a game."""

    def __init__(self, name: Callable[[Tensor], str | None]) -> None:
        self._name = name
        self._over = self._found = False

    def look(self, roots: list[Tensor]) -> Iterator[tuple[str, str, Tensor | float]]:
        """Owner, figure and value, for the record."""
        if self._over:
            return
        found = wrong_way(roots[0]) if len(roots) == 1 and roots[0].is_cpu else None
        if found is None:
            self._over = True
            if self._found:
                yield "", "loss.opposed", 1.0
        elif (name := self._name(found.weight)) is not None:
            self._found = True
            yield name, found.figure, found.value


def wrong_way(root: Tensor) -> WrongWay | None:
    """Reads the graph above `root`."""
    if root.grad_fn is None or root.numel() != 1:
        return None
    terms = list(_terms((root.grad_fn, 0)))
    return _overlap(terms) or _subtracted_square(root.grad_fn, terms)


def _terms(root: Edge) -> Iterator[tuple[Edge, int]]:
    """What is summed up, and whether it is added (1) or subtracted (-1). Nothing where these are too many."""
    todo = [(root, 1)]
    found: list[tuple[Edge, int]] = []
    for _ in range(TERMS):
        if not todo:
            yield from found
            return
        edge, sign = todo.pop()
        if (parts := with_signs(parts_of(edge[0]))) is None:
            found.append((edge, sign))
        else:
            todo += [(part, sign * own) for part, own in parts if own]


# Squares


def _subtracted_square(root: Node, terms: list[tuple[Edge, int]]) -> WrongWay | None:
    for (node, _), sign in terms:
        if sign < 0 and is_square(node) and (base := _base(node)) is not None:
            layer, weight, chain, values = base
            if _is_free(root, node, layer, weight, chain) and not _is_offset_else(terms, node, chain):
                return WrongWay("loss.sunk", values.square().mean(), weight)
    return None


def is_square(node: Node) -> bool:
    op = plain_operator(node)
    if op == "pow":  # a tensor as the exponent is not to be read: the user's hooks would run
        exponent = None if hasattr(node, "_raw_saved_exponent") else node._saved_exponent
        return isinstance(exponent, (int, float)) and exponent == 2
    return op == "mul" and len(node.next_functions) == 2 and len(set(node.next_functions)) == 1


def _base(square: Node) -> tuple[Node, Tensor, list[Edge], Tensor] | None:
    """Of the square of a layer's outputs: the layer, its weight, the edges on the way to it, and the outputs."""
    values, moved = saved_tensor(square, "self"), False
    scale: Tensor | None = None
    chain: list[Edge] = [square.next_functions[0]]
    if values is None or not can_sketch(values) or not 0 < values.numel() <= LARGEST:
        return None
    through: list[Edge] = []  # parts of the outputs, and what comes before them: others may use other parts
    for _ in range(WITHIN):
        node = (through or chain)[-1][0]
        op = plain_operator(node)
        if op in ("mm", "addmm", "linear", "convolution"):
            weight = weight_of(node)
            if weight is None or (moved and not _is_at_zero(chain[-1], values, scale)):
                return None
            return node, weight, chain, values
        if op in PARTS:
            if _is_of_samples(op, node):
                return None
            through.append(node.next_functions[0])
        elif op in RESHAPES or (op == "add" and _is_bias(node)):
            (through or chain).append(node.next_functions[0])
        elif through:
            return None
        elif op in ("sub", "add") and node.next_functions[0][0] is not None and node.next_functions[-1][0] is None:
            moved = True
            chain.append(node.next_functions[0])
        elif (factor := factor_of(op, node)) is not None and sign_of(factor[1]) in (1, -1) and not moved:
            scale = _scaled(scale, factor[1], op)
            chain.append(factor[0])
        else:
            return None
    return None


def _is_bias(node: Node) -> bool:
    return len(node.next_functions) == 2 and _leaf(node.next_functions[1][0]) is not None


def _scaled(scale: Tensor | None, by: Tensor, op: str) -> Tensor:
    own = by if op == "mul" else 1 / by
    return own if scale is None else scale * own


def _is_of_samples(op: str, node: Node) -> bool:
    """Whether it takes some of the samples: what is done to these may be undone by what is done to others."""
    whole = output_shape(node.next_functions[0][0])
    if op == "slice" and output_shape(node) == whole:
        return False
    rank = len(whole)
    place = 1 if plain_operator(_below_parts(node)) == "convolution" else rank - 1
    return rank < 2 or signed(node._saved_dim) % rank != place


def _below_parts(node: Node) -> Node:
    for _ in range(WITHIN):
        if plain_operator(node) not in PARTS and plain_operator(node) not in RESHAPES:
            break
        node = node.next_functions[0][0]
    return node


def _is_at_zero(edge: Edge, values: Tensor, scale: Tensor | None) -> bool:
    """Whether nothing but zero was subtracted, as in the divergence from N(0, 1): an action might be, times a return."""
    outputs = _outputs(edge)
    if outputs is None or outputs.numel() != values.numel():
        return False
    outputs = outputs.reshape(values.shape) * (1.0 if scale is None else scale)
    return not bool((outputs - values).abs().max() > SAME * outputs.abs().max())  # all may be NaN by now


def _outputs(edge: Edge, left: int = WITHIN) -> Tensor | None:
    """What a layer gave, or a part of it, computed again."""
    node, place = edge
    op = plain_operator(node)
    if op == "addmm":
        return output_of(node)
    inner = _outputs(node.next_functions[0], left - 1) if left and (op in PARTS or op in RESHAPES) else None
    if inner is None:
        return None
    if op == "slice":
        length = inner.shape[signed(node._saved_dim)]
        start, end, step = (getattr(node, f"_saved_{name}") for name in ("start", "end", "step"))
        if start is None or end is None:
            return None
        at = torch.arange(length)[signed(start) : min(signed(end), length) : step]
        return inner.index_select(signed(node._saved_dim), at)
    if op == "split":
        parts = torch.split(inner, signed(node._saved_split_size), signed(node._saved_dim))
        return parts[place] if place < len(parts) else None
    kept = op in ("view", "unsafe_view", "reshape_alias", "squeeze", "unsqueeze", "clone", "alias", "expand")
    return inner if kept else None


def _is_free(root: Node, square: Node, layer: Node, weight: Tensor, chain: list[Edge]) -> bool:
    """Whether the layer is called once, no penalty is on its weight, and its outputs are put to another use as well."""
    calls, other_use = 0, False
    own = {square, *(node for node, _ in chain)}
    used = set(chain)
    todo, seen = [root], {root}
    while todo:
        node = todo.pop()
        for edge in node.next_functions:
            below = edge[0]
            if below is None:
                continue
            other_use |= edge in used and node not in own
            calls += getattr(below, "variable", None) is weight
            if below not in seen:
                seen.add(below)
                todo.append(below)
        if len(seen) > ALL:
            return False
    return other_use and calls == 1 and _uses_of_transpose(seen, layer)


def _uses_of_transpose(nodes: set[Node], layer: Node) -> bool:
    """Whether nothing but the layer uses the transpose of its weight."""
    turned = _weight_edge(layer)
    return sum(turned in node.next_functions for node in nodes) == 1


def _is_offset_else(terms: list[tuple[Edge, int]], square: Node, chain: list[Edge]) -> bool:
    """Whether another term holds the same outputs before any layer: it may grow as fast."""
    if sum(edge[0] is square for edge, _ in terms) > 1:
        return True
    todo = [edge for edge, _ in terms if edge[0] is not square]
    seen, ends = set(todo), set(chain)
    while todo:
        edge = todo.pop()
        if edge in ends:
            return True
        op = plain_operator(edge[0])
        if op in NORMS or (op in WEIGHTS and weight_of(edge[0]) is not None):
            continue
        below = {edge for edge in edge[0].next_functions if edge[0] is not None} - seen
        todo += below
        seen |= below
        if len(seen) > NEAR:
            return True
    return False


# Overlaps


def _overlap(terms: list[tuple[Edge, int]]) -> WrongWay | None:
    """Where nothing but coefficients of Dice or Jaccard is summed up."""
    values, weight = [], None
    for (node, _), sign in terms:
        found = _coefficient(node) if sign > 0 else None
        if found is None:
            return None
        values.append(found[0].float().mean())
        weight = found[1]
    return None if weight is None else WrongWay("loss.overlap", torch.stack(values).mean(), weight)


def _coefficient(node: Node) -> tuple[Tensor, Tensor] | None:
    """Its value and the last layer's weight, of (2) sum(p y) / (sum(p) + sum(y) [- sum(p y)])."""
    if plain_operator(node) != "div" or any(child is None for child, _ in node.next_functions):
        return None
    above, below = saved_tensor(node, "self"), saved_tensor(node, "other")
    common = [_answers(edge[0]) if sign > 0 else None for edge, sign in _products(node.next_functions[0])]
    if above is None or below is None or len(common) != 1 or (answers := common[0]) is None:
        return None
    sizes = 0
    for (size, _), sign in _products(node.next_functions[1]):
        squared = is_square(size) and _source(size.next_functions[0][0]) is answers
        if sign > 0 and (_source(size) is answers or squared):
            sizes += 1
        elif sign > 0 or _answers(size) is not answers:
            return None
    weight = _last_weight(answers)
    return (above / below, weight) if sizes and weight is not None else None


def _products(root: Edge) -> Iterator[tuple[Edge, int]]:
    """The terms of a sum; answers times targets are one, and not taken apart."""
    todo = [(root, 1)]
    found: list[tuple[Edge, int]] = []
    for _ in range(TERMS):
        if not todo:
            yield from found
            return
        edge, sign = todo.pop()
        op = plain_operator(edge[0])
        if op in ("clamp_min", "clamp"):
            parts: list[Part] | None = [Part(edge[0].next_functions[0], 1.0)]
        else:
            parts = None if op in RESHAPES and _source(edge[0]) is not None else parts_of(edge[0])
        numbers = all(not isinstance(part.by, Tensor) or not part.by.ndim for part in parts or ())
        if numbers and (summands := with_signs(parts)) is not None:
            todo += [(part, sign * own) for part, own in summands if own]
        else:
            found.append((edge, sign))


def _answers(node: Node) -> Node | None:
    """The sigmoid or softmax, of what is its product with targets that are nowhere negative, and not all zero."""
    factor = factor_of("mul", node) if plain_operator(node) == "mul" else None
    if factor is None or not factor[1].ndim or sign_of(factor[1]) not in (0, 1):
        return None
    return _source(factor[0][0])


def _source(node: Node | None) -> Node | None:
    """The sigmoid or softmax whose values these are, or some of them."""
    for _ in range(WITHIN):
        if node is None or plain_operator(node) in ACTIVE:
            return node
        if plain_operator(node) not in RESHAPES:
            return None
        node = node.next_functions[0][0]
    return None


def _last_weight(node: Node) -> Tensor | None:
    for _ in range(WITHIN):
        node = node.next_functions[0][0]
        if node is None or plain_operator(node) in WEIGHTS:
            return None if node is None else weight_of(node)
        if sum(child is not None for child, _ in node.next_functions) != 1 and not _is_bias(node):
            return None
    return None


# Layers


def weight_of(node: Node) -> Tensor | None:
    """A layer's weight, if it is a tensor that may be trained, and not computed from one."""
    edge = _weight_edge(node)
    return None if edge is None else _leaf(edge[0], within=OF_WEIGHTS - {"weight_norm_interface"})


def _weight_edge(node: Node) -> Edge | None:
    place = WEIGHTS.get(plain_operator(node))
    if place is None or place + 1 >= len(node.next_functions):
        return None
    edge: Edge = node.next_functions[place + 1]
    return edge


def _leaf(node: Node | None, within: frozenset[str] = frozenset({"t"})) -> Tensor | None:
    turned = False
    while node is not None and not hasattr(node, "variable"):
        if plain_operator(node) not in within:
            return None
        turned ^= plain_operator(node) == "t"
        node = node.next_functions[0][0]
    return None if node is None else (node.variable.t() if turned and within == {"t"} else node.variable)
