"""Derivatives of derivatives that were asked for without a graph: what a loss makes of them is a number to it.

`u_x = grad(u, x, create_graph=True)` keeps its graph for something: if `grad(u_x, x)` comes next, at every step, and keeps
none, what is made of it teaches the weights nothing. Of a first derivative the same may be meant, as an attack's is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import Parameter

from headstart.monitor.graph import tag
from headstart.monitor.operators import RESHAPES, operator

WITHIN = 8  # operators between a derivative and what is derived again: a sum, a choice of one column
SIMPLE = RESHAPES | {"sum", "index", "neg"}
LINES = 16  # of the user's code, at most


@dataclass
class _Line:
    """Of the user's code that derives a derivative."""

    steps: int = 0  # at which it did so, and kept no graph
    last: int = -1
    keeps: bool = False  # a graph, at least once


class Derivative:
    """Is left on the node that made one with respect to data."""


class Derivatives:
    """Those of one run, on the steps that are looked at."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._lines: dict[str, _Line] = {}
        self._looks = 0
        self._last = -1

    def begins(self, outputs: Any, create_graph: bool, line: str | None, step: int) -> None:
        """As `torch.autograd.grad` with respect to data is called."""
        if line is None or not any(map(self._is_derivative, _tensors(outputs))):
            return
        if line not in self._lines and len(self._lines) >= LINES:
            return
        known = self._lines.setdefault(line, _Line())
        known.keeps |= create_graph
        if not create_graph and known.last != step:
            known.steps, known.last = known.steps + 1, step

    def ends(self, gradients: Sequence[Tensor | None]) -> None:
        """As it returns; only what keeps a graph is a derivative that can be derived again."""
        for gradient in gradients:
            if isinstance(gradient, Tensor) and gradient.requires_grad:
                tag(gradient, Derivative(), self._key)

    def backward(self, step: int) -> None:
        """As weights are to learn, at a step that is looked at."""
        if step != self._last:
            self._looks, self._last = self._looks + 1, step

    def facts(self) -> dict[str, int]:
        """By line, steps at which it kept none: of lines that did so at every one."""
        return {line: one.steps for line, one in self._lines.items() if not one.keeps and one.steps >= self._looks > 0}

    def _is_derivative(self, tensor: Tensor) -> bool:
        node: Any = tensor.grad_fn
        for _ in range(WITHIN):
            if node is None or isinstance(node.metadata.get(self._key), Derivative):
                return node is not None
            if operator(node.name()) not in SIMPLE:
                return False
            node = node.next_functions[0][0]
        return False


def are_data(inputs: Iterable[Any], weights: Any) -> bool:
    """Whether none is a weight."""
    tensors = list(_tensors(inputs))
    return bool(tensors) and not any(isinstance(x, Parameter) or x in weights for x in tensors)


def _tensors(given: Any) -> Iterable[Tensor]:
    several = given if isinstance(given, (tuple, list)) else (given,)
    return (one for one in several if isinstance(one, Tensor))
