"""What an operator of an autograd graph gave, computed again from what it and those below it saved.

`w * x + b` keeps `x`, and the graph leads to `w` and `b`: the sum itself is kept by nobody, yet it is known. What was added
without a graph is not: a number in `z + 1`, a mask under `z + mask`. Then nothing is said.

Nothing runs but plain arithmetic on values that are there; reading a saved tensor would run the user's unpack hooks: where
there are any, nothing is read.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import torch.nn.functional as F
from torch import Tensor

from headstart.monitor.graph import output_shape, saved
from headstart.monitor.operators import RESHAPES, VIEWS, operator, signed

NODES = 48  # that are computed for one value, at most
LARGEST = 2**22  # values and multiplications of all of them together: some milliseconds

Node = Any


def output_of(node: Node) -> Tensor | None:
    """The output of `node`; None where something in it is not known, or where it would take long."""
    return _Values().of(node)


def saved_tensor(node: Node, name: str) -> Tensor | None:
    """What it saved by this name, without its graph."""
    tensor = saved(node, name)
    return None if tensor is None else tensor.detach()


def saved_tensors(node: Node, name: str) -> Iterator[Tensor | None]:
    """What it saved as a list by this name."""
    raws = getattr(node, f"_raw_saved_{name}", ())
    if all(getattr(raw, "unpack_hook", raw) is None for raw in raws):
        yield from getattr(node, f"_saved_{name}")


class _Values:
    """Those of one graph: a node that is met twice is computed once."""

    def __init__(self) -> None:
        self._known: dict[Node, Tensor | None] = {}
        self._work = 0

    def of(self, node: Node | None) -> Tensor | None:
        if node is None:
            return None
        if node not in self._known:
            self._known[node] = None
            if len(self._known) <= NODES and self._may(math.prod(output_shape(node))):
                self._known[node] = self._computed(node)
        return self._known[node]

    def _may(self, work: int) -> bool:
        self._work += work
        return self._work <= LARGEST

    def _computed(self, node: Node) -> Tensor | None:
        if hasattr(node, "variable"):
            return node.variable.detach()  # type: ignore[no-any-return]
        op = operator(node.name())
        if op in GIVES:
            return saved_tensor(node, "result")
        if op in OF_ONE:
            given = saved_tensor(node, "self")
            return None if given is None else OF_ONE[op](node, given)
        if op in OF_TWO:
            sides = [self._side(node, place, name) for place, name in enumerate(OF_TWO[op])]
            return self._joined(op, node, *sides)
        if op == "addmm" and node._saved_alpha == node._saved_beta == 1:
            bias = self._side(node, 0, "")
            product = self._joined(op, node, self._side(node, 1, "mat1"), self._side(node, 2, "mat2"))
            return None if product is None or bias is None else product + bias
        if op in RESHAPES or op in ("sum", "mean", "neg", "index", "embedding", "gather"):
            inner = self.of(node.next_functions[0][0])
            return None if inner is None else _turned(op, node, inner)
        return None

    def _side(self, node: Node, place: int, name: str) -> Tensor | None:
        """What went into it at this place. It saved one side for the other's gradient, where that one has any."""
        tensor = saved_tensor(node, name) if name else None
        if tensor is None and place < len(node.next_functions):
            tensor = self.of(node.next_functions[place][0])
        return tensor

    def _joined(self, op: str, node: Node, first: Tensor | None, second: Tensor | None) -> Tensor | None:
        if first is None or second is None:
            return None
        if op in ("add", "sub"):
            return first.add(second, alpha=node._saved_alpha if op == "add" else -node._saved_alpha)
        if op in ("mul", "div"):
            return first * second if op == "mul" else first / second
        columns = second.shape[-1] if second.ndim > 1 else 1
        if first.dtype != second.dtype or not self._may(first.numel() * columns):
            return None
        return first @ second


# What they keep of their own answer
GIVES = frozenset(
    "sigmoid tanh softmax exp relu log_softmax sqrt reciprocal logsumexp linalg_vector_norm prod rsqrt".split()
)

# What they make of the one thing that they keep
OF_ONE: dict[str, Callable[[Node, Tensor], Tensor]] = {
    "pow": lambda node, x: x.pow(node._saved_exponent),
    "sin": lambda node, x: x.sin(),
    "cos": lambda node, x: x.cos(),
    "log": lambda node, x: x.log(),
    "log1_p": lambda node, x: x.log1p(),
    "abs": lambda node, x: x.abs(),
    "silu": lambda node, x: F.silu(x),
    "softplus": lambda node, x: F.softplus(x, float(node._saved_beta), float(node._saved_threshold)),
    "leaky_relu": lambda node, x: F.leaky_relu(x, float(node._saved_negative_slope)),
    "clamp": lambda node, x: x.clamp(node._saved_min, node._saved_max),
    "clamp_min": lambda node, x: x.clamp(min=node._saved_min),
}

# Two sides, by the names under which each is saved; "": it is not
OF_TWO = {
    "add": ("", ""),
    "sub": ("", ""),
    "mul": ("self", "other"),
    "div": ("self", "other"),
    "mm": ("self", "mat2"),
    "mv": ("self", "vec"),
    "dot": ("self", "tensor"),
    "bmm": ("self", "mat2"),
}


def _turned(op: str, node: Node, inner: Tensor) -> Tensor | None:
    """What an operator that picks, turns or sums up makes of what lies below it."""
    shape = output_shape(node)
    if op in ("sum", "mean"):
        dims = getattr(node, "_saved_dim", None)
        if dims is None:
            return inner.sum() if op == "sum" else inner.mean()
        dims = [signed(dim) for dim in dims]
        return inner.sum(dims, node._saved_keepdim) if op == "sum" else inner.mean(dims, node._saved_keepdim)
    if op == "neg":
        return -inner
    if op == "embedding":
        rows = saved_tensor(node, "indices")
        return None if rows is None else F.embedding(rows, inner)
    if op == "index":
        places = tuple(saved_tensors(node, "indices"))
        return None if not places or any(place is None for place in places) else inner[places]
    if op == "gather":
        places_along = saved_tensor(node, "index")
        return None if places_along is None else inner.gather(signed(node._saved_dim), places_along)
    if op == "select":
        return inner.select(signed(node._saved_dim), signed(node._saved_index))
    if op == "t":
        return inner.t()
    if op == "transpose":
        return inner.transpose(signed(node._saved_dim0), signed(node._saved_dim1))
    if op == "permute":
        return inner.permute([signed(dim) for dim in node._saved_dims])
    if op == "expand":
        return inner.expand(shape)
    keeps_order = op in VIEWS or op in ("squeeze", "unsqueeze", "clone", "alias")
    return inner.reshape(shape) if keeps_order and math.prod(shape) == inner.numel() else None
