"""Losses that are written out in the user's own arithmetic: told by the last operators of their graph.

`((model(x) - y) ** 2).mean()` calls no loss function, and its graph does not hold `y`. But the square saved its base, the
differences; and what the model gave can be computed again from what its last operators saved. The labels are what lies
between the two. Nothing else is guessed: of a loss of several terms, the one that is of a known form is told, where there
is just one; weighted elements, or an unknown last operator, are left alone.

Reading a saved tensor would run the user's unpack hooks: where there are any, nothing is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from headstart.monitor.computed import LARGEST, output_of, saved_tensor, saved_tensors
from headstart.monitor.graph import output_shape
from headstart.monitor.operators import PARTS, RESHAPES, operator, signed

WITHIN = 8  # nodes from a mean's elements to the difference that they are made of
EXACT = 1e-3  # what the labels may be off by, as a share of their spread
GUARDS = 2  # a clip and a small constant under a logarithm
SUM_ROUNDING = 1e-3  # probabilities written out in float32 sum to 1 within it
TERMS = 64  # numbers that the loss is summed up from, at most, and operators in a penalty
KEEPING = RESHAPES - {*PARTS}  # all of the values
CHOOSING = ("add", "sub", "neg", "maximum", "minimum", "clamp")  # of tables: each element by itself
NEAR = 256  # nodes from the loss on that are looked through for a table of outputs against outputs

Node = Any


@dataclass(frozen=True)
class WrittenOut:
    """What a loss function would have been given."""

    kind: str  # its name in torch.nn.functional
    given: Tensor
    target: Tensor
    value: Tensor  # as reduction="mean" would give it
    negative: bool  # backward is called on minus the loss
    maker: Any = None  # the node that made what was given; None: not known
    other: Any = None  # the node that made 1 minus it, where a clip of its own did
    density: bool = False  # it is the logarithm of a normal distribution's density


def written_out(root: Tensor) -> WrittenOut | None:
    """Reads the graph above `root`; None where none of its terms, or more than one, is of a known form."""
    known = list(_known(root.grad_fn))
    if len(known) == 1:
        return known[0]
    return None if known else _likelihood(root.grad_fn)


def pairs(root: Tensor) -> int | None:
    """The samples N whose outputs (N, 1) a term of the loss sets against targets (N,), or the other way round.

    Its mean over the N x N table is the same function of each output, so the same value is best for all of them. A second
    table, of outputs against outputs, tells them apart again, as in an energy distance: then nothing is said.
    """
    for node in _averaged(root.grad_fn):
        difference, gap = _difference(node)
        size = None if difference is None else _table(difference)
        if size is None or gap is None or gap.shape != (size, size) or gap.numel() > LARGEST:
            continue
        labels = _labels(difference, gap.detach())
        if labels is not None and labels[0].ndim != labels[1].ndim and not _has_pairs_of_outputs(root.grad_fn, size):
            return size
    return None


def outer(root: Tensor) -> int | None:
    """The samples N whose values (N, 1) a term of the loss multiplies by weights (N,), or the other way round.

    The mean over such a table is that of the values times that of the weights: no weight belongs to a sample any more.
    """
    for node in _averaged(root.grad_fn):
        for product in _products(node):
            size = _table(product)
            factor = saved_tensor(product, "other" if product.next_functions[0][0] is not None else "self")
            if size is None or factor is None:
                continue
            side = next(child for child, _ in product.next_functions if child is not None)
            if factor.shape == ((size,) if output_shape(side) == (size, 1) else (size, 1)):
                return size
    return None


def _products(node: Node) -> Iterator[Node]:
    """The products that each element of `node` is the sum, the larger or the smaller of."""
    todo, seen = [node], {node}
    while todo:
        node = todo.pop()
        op, below = operator(node.name()), {child for child, _ in node.next_functions if child is not None}
        if op == "mul" and len(output_shape(node) or ()) == 2 and not _is_scale(node):
            yield node
        elif len(seen) < TERMS and (op in CHOOSING or (op in ("mul", "div") and _is_scale(node))):
            todo += below - seen
            seen |= below


def _averaged(root: Node) -> Iterator[Node]:
    """What each mean or sum in the loss is taken of."""
    todo, left = [root], TERMS
    while todo and left:
        left -= 1
        node = todo.pop()
        op, below = operator(node.name()), [child for child, _ in node.next_functions if child is not None]
        if output_shape(node):
            continue
        if op in ("mean", "sum"):
            yield from below
        elif op in ("add", "sub", "rsub", "mul", "div", "neg"):
            todo += below


def _difference(node: Node) -> tuple[Node, Tensor | None]:
    """The difference of which each element of `node` is made, and its values, as what comes next saved them."""
    for _ in range(WITHIN):
        op, below = operator(node.name()), [child for child, _ in node.next_functions]
        if not below or below[0] is None:
            break
        if operator(below[0].name()) == "sub" and (op in ("pow", "abs") or (op == "mul" and len(set(below)) == 1)):
            return below[0], saved_tensor(node, "self")
        if op not in ("maximum", "minimum", "neg", "pow", "abs") and not (op in ("mul", "div") and _is_scale(node)):
            break
        node = below[0]
    return None, None


def _table(difference: Node) -> int | None:
    """The size N of an (N, N) difference of which one side has a graph, and N values that nobody made a column."""
    size, *others = output_shape(difference) or (0,)
    sides = [child for child, _ in difference.next_functions if child is not None]
    if size < 2 or others != [size] or len(sides) != 1:
        return None
    side = sides[0]
    column = output_shape(side) == (size, 1)
    if not column and output_shape(side) != (size,):
        return None
    while column and operator(side.name()) in RESHAPES:  # a row that was made a column is to meet each of a row
        below = side.next_functions[0][0]
        if below is None or output_shape(below) == (size,):
            return None
        side = below
    return size


def _has_pairs_of_outputs(root: Node, size: int) -> bool:
    """Whether there is an (N, N) table near the loss both sides of which have a graph, and are no such table."""
    todo, seen = [root], {root}
    while todo:
        node = todo.pop()
        below = {child for child, _ in node.next_functions if child is not None}
        sides = [child for child in below if not _is_leaf(child) and output_shape(child) != (size, size)]
        if output_shape(node) == (size, size) and len(sides) > 1:
            return True
        if len(seen) < NEAR:
            todo += below - seen
            seen |= below
    return False


def _known(root: Node) -> Iterator[WrittenOut]:
    """The terms of known form whose means or sums the loss adds up."""
    # Each node with whether a minus sign stands above it, and a mean or a sum.
    todo, seen = [(root, False, math.prod(output_shape(root)) == 1)], {root}
    while todo:
        node, negative, reduced = todo.pop()
        if reduced and (loss := next((loss for form in FORMS if (loss := form(node, negative))), None)) is not None:
            yield loss
            continue
        op = operator(node.name())
        below = [child for child, _ in node.next_functions]
        if not (
            op in {"mean", "sum", "neg"} | KEEPING
            or (op == "sqrt" and not output_shape(node))
            or (op in ("mul", "div") and _is_scale(node))
            or (op in ("add", "sub") and (None not in below or not output_shape(node)))
        ):
            continue
        for place, child in enumerate(below):
            if child is not None and child not in seen and len(seen) < TERMS:
                seen.add(child)
                turned = op == "neg" or (op == "sub" and place == 1)
                todo.append((child, negative != turned, reduced or op in ("mean", "sum")))


def _is_scale(node: Node) -> bool:
    """Whether it multiplies by one number, or divides by it."""
    if sum(child is not None for child, _ in node.next_functions) != 1 or node.next_functions[0][0] is None:
        return False
    return not output_shape(node) or ((other := saved_tensor(node, "other")) is not None and other.ndim == 0)


# The forms


def _squares(node: Node, negative: bool) -> WrittenOut | None:
    op = operator(node.name())
    if (op == "pow" and _exponent(node) == 2) or (
        op == "mul" and len({child for child, _ in node.next_functions}) == 1
    ):
        kind = "mse_loss"
    elif op == "linalg_vector_norm" and node._saved_ord == 2 and not output_shape(node):
        kind = "mse_loss"  # its root
    elif op == "abs":
        kind = "l1_loss"
    else:
        return None
    difference, gap = node.next_functions[0][0], saved_tensor(node, "self")
    if difference is None or gap is None or not gap.is_floating_point() or gap.numel() > LARGEST:
        return None
    value = gap.detach().square().mean() if kind == "mse_loss" else gap.detach().abs().mean()
    if (labels := _labels(difference, gap.detach())) is None:
        return None
    maker = next(child for child, _ in difference.next_functions if child is not None)
    return WrittenOut(kind, *labels, value, negative, maker)


def _exponent(node: Node) -> float | None:
    return node._saved_exponent if isinstance(node._saved_exponent, (int, float)) else None


def _labels(difference: Node, gap: Tensor) -> tuple[Tensor, Tensor] | None:
    """What was given, and what was wanted, of a difference between what the graph knows and what it does not."""
    if operator(difference.name()) != "sub" or difference._saved_alpha != 1 or len(difference.next_functions) != 2:
        return None
    (first, _), (second, _) = difference.next_functions
    if (first is None) == (second is None):
        return None
    given = output_of(first or second)
    if given is None or given.numel() > gap.numel() or given.dtype != gap.dtype:
        return None
    wanted = given - gap if second is None else given + gap
    if wanted.shape == given.shape:
        target: Tensor | None = wanted
    elif wanted.ndim == 2 and given.shape == (len(wanted), 1):
        target = wanted[0] if _is_repeated(wanted) else None
    elif wanted.ndim == 2 and given.shape == wanted.shape[1:]:
        target = wanted[:, :1] if _is_repeated(wanted.T) else None
    else:
        target = None
    return (given, target) if target is not None and _is_exact(given, target) else None


def _is_repeated(rows: Tensor) -> bool:
    """Whether all rows are one, up to rounding. Waits for the device: only where shapes differ."""
    off = (rows - rows[:1]).abs().max()
    return bool(off <= EXACT * rows[0].std(correction=0))


def _is_exact(given: Tensor, target: Tensor) -> bool:
    """Whether rounding leaves the labels: of outputs of 1e9 and labels of 1 nothing is left. Waits for the device.

    One label has no spread: there its own size is what is to be left. A 0 may be all that rounding left of outputs of 1e9.
    """
    rounding = given.abs().max() * torch.finfo(given.dtype).eps
    if target.numel() == 1:
        return bool((rounding <= EXACT * torch.where(target == 0, 1.0, target.abs())).all())
    return bool(rounding <= EXACT * target.std(correction=0))


def _picked(node: Node, negative: bool) -> WrittenOut | None:
    """Minus the logarithm of the right class's probability: by index or by gather, the logarithm before or after."""
    after = operator(node.name()) == "log"
    picks = node.next_functions[0][0] if after else node
    picks = _below_guards(picks) if after and picks is not None else picks
    labels = None if picks is None else _picks(picks)
    if labels is None:
        return None
    logarithms = _probabilities(picks.next_functions[0][0], logarithm=not after)
    if logarithms is None or labels.shape != (len(logarithms), *logarithms.shape[2:]):
        return None
    inside = saved_tensor(node, "self") if after else None  # kept off zero
    value = -(logarithms.gather(1, labels[:, None]) if inside is None else inside.log()).mean()
    return WrittenOut("nll_loss", logarithms, labels, value, not negative, picks.next_functions[0][0])


def _picks(node: Node) -> Tensor | None:
    """The labels (N, ...) by which one value of each row, or at each place, was taken."""
    op = operator(node.name())
    if op == "gather":
        index = saved_tensor(node, "index")
        if index is None or index.ndim < 2 or signed(node._saved_dim) % index.ndim != 1 or index.shape[1] != 1:
            return None
        return index[:, 0]
    if op != "index":
        return None
    rows, labels = (*saved_tensors(node, "indices"), None, None)[:2]
    if rows is None or labels is None or rows.shape != labels.shape or labels.ndim != 1 or labels.dtype != torch.int64:
        return None
    in_turn = (rows == torch.arange(len(rows), device=rows.device)).all() & (labels >= 0).all()  # -1 is the last class
    return labels if bool(in_turn) else None


def _one_hot(node: Node, negative: bool) -> WrittenOut | None:
    """The same with labels that are rows of a single 1."""
    if operator(node.name()) != "mul":
        return None
    logs = [child for child, _ in node.next_functions if child is not None]
    factor = saved_tensor(node, "self" if node.next_functions[0][0] is None else "other")
    if len(logs) != 1 or factor is None or factor.ndim != 2 or not _is_one_hot(factor):
        return None
    after = operator(logs[0].name()) == "log"
    below = logs[0].next_functions[0][0] if after else logs[0]
    logarithms = None if below is None else _probabilities(below, logarithm=not after)
    if logarithms is None or logarithms.shape != factor.shape:
        return None
    labels = factor.argmax(1)
    inside = saved_tensor(logs[0], "self") if after else None
    value = -(logarithms if inside is None else inside.log()).gather(1, labels[:, None]).mean()
    return WrittenOut("nll_loss", logarithms, labels, value, not negative)


def _is_one_hot(rows: Tensor) -> bool:
    return rows.shape[1] > 1 and bool(((rows == 0) | (rows == 1)).all() & (rows.sum(1) == 1).all())


def _probabilities(node: Node, logarithm: bool) -> Tensor | None:
    """Logarithms of the rows' probabilities (N, C, ...), of a softmax or of what is one, written out."""
    node = node if logarithm else _below_guards(node)
    found = output_of(node)
    if found is None or found.ndim < 2 or found.numel() > LARGEST or not found.is_floating_point():
        return None
    if operator(node.name()) not in ("softmax", "log_softmax"):
        sums = (found.exp() if logarithm else found).sum(1)
        if not bool(((sums - 1).abs() < SUM_ROUNDING).all() & (logarithm or (found >= 0).all())):
            return None
    return found if logarithm else found.log()


def _entropies(node: Node, negative: bool) -> WrittenOut | None:
    """Minus y log(p) + (1 - y) log(1 - p)."""
    if operator(node.name()) != "add" or any(child is None for child, _ in node.next_functions):
        return None
    terms = [_term(child) for child, _ in node.next_functions]
    straight = [term for term in terms if term is not None and not term[2]]
    turned = [term for term in terms if term is not None and term[2]]
    if len(straight) != 1 or len(turned) != 1:
        return None
    (wanted, given, _, maker), (others, rest, _, other) = straight[0], turned[0]
    if not given.shape == wanted.shape == others.shape == rest.shape or given.numel() > LARGEST:
        return None
    if not bool(torch.isclose(wanted + others, torch.ones_like(wanted)).all()):
        return None
    value = -(wanted * given.log() + others * rest.log()).mean()  # NaN of what is no probability
    return WrittenOut(
        "binary_cross_entropy",
        given,
        wanted,
        value,
        not negative,
        maker,
        other if operator(other.name()) == "clamp" else None,
    )


def _term(node: Node) -> tuple[Tensor, Tensor, bool, Node] | None:
    """Of y log(p): y, p, whether p is 1 - something, and the node that made p."""
    if operator(node.name()) != "mul":
        return None
    logs = [child for child, _ in node.next_functions if child is not None]
    if len(logs) != 1 or operator(logs[0].name()) != "log":
        return None
    factor = saved_tensor(node, "self" if node.next_functions[0][0] is None else "other")
    inside, below = saved_tensor(logs[0], "self"), logs[0].next_functions[0][0]
    if factor is None or inside is None or below is None:
        return None
    return factor, inside, operator(_below_guards(below).name()) == "rsub", below


def _below_guards(node: Node) -> Node:
    """Below what keeps a logarithm's argument off zero: a clip, or a small constant that is added."""
    for _ in range(GUARDS):
        below = [child for child, _ in node.next_functions if child is not None]
        if operator(node.name()) not in ("clamp", "clamp_min", "add") or len(below) != 1:
            break
        node = below[0]
    return node


def _likelihood(root: Node) -> WrittenOut | None:
    """The log-density of a normal distribution: minimised, its squares are maximised, without an end.

    Nothing may be multiplied by it, as a policy's is by a return.
    """
    node, negative = root, True
    while operator(node.name()) in {"mean", "sum", "neg"} | RESHAPES and node.next_functions[0][0] is not None:
        negative ^= operator(node.name()) == "neg"
        node = node.next_functions[0][0]
    while operator(node.name()) == "sub" and node.next_functions[0][0] is not None:  # the logarithm of the spread
        subtracted = node.next_functions[1][0] if len(node.next_functions) > 1 else None
        if subtracted is not None and operator(subtracted.name()) != "log":
            return None
        node = node.next_functions[0][0]
    if operator(node.name()) != "div" or (variance := saved_tensor(node, "other")) is None:
        return None
    exponent = node.next_functions[0][0]
    if exponent is None or operator(exponent.name()) != "neg":
        return None
    squares = exponent.next_functions[0][0]
    if operator(squares.name()) != "pow" or not bool((variance > 0).all()):
        return None
    found = _squares(squares, negative)
    return None if found is None else replace(found, density=True)


FORMS: tuple[Callable[[Node, bool], WrittenOut | None], ...] = (_squares, _picked, _one_hot, _entropies)


def _is_leaf(node: Node) -> bool:
    """Whether it is a parameter, or its transpose."""
    return hasattr(node.next_functions[0][0] if operator(node.name()) == "t" else node, "variable")
