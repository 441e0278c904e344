"""Whether an actor goes up or down what its critic says, told by the name of what the critic was fitted to.

A critic learns by a regression what the script's own variable calls a reward, a return or a target of Q. An actor's loss is
then made of what the same layer says of the actor's own actions: with a minus sign, for the optimizer lowers it.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from torch import Tensor

from headstart.monitor.computed import saved_tensor
from headstart.monitor.operators import RESHAPES, WEIGHTS
from headstart.monitor.rewarded import WORDS, named
from headstart.monitor.terms import Node, parts_of, plain_operator, sign_of
from headstart.monitor.written_out import written_out
from headstart.monitor.wrong_way import weight_of

LOOKS = 8  # backwards without a critic, after which none is looked for
NODES = 256  # of a graph between a loss and the layers that it is made of, at most
SAME = 1e-3  # of their spread: targets that are read from a difference are rounded

VALUES = WORDS | frozenset("q qs td bellman".split())
REGRESSIONS = ("mse_loss", "smooth_l1_loss", "huber_loss", "l1_loss")
CHOOSES = ("minimum", "maximum", "min", "stack", "cat", "index")


class Values:
    """The critics of a run, and the way of those that learn from them, at each backward that is looked at."""

    def __init__(self) -> None:
        self._without = 0
        self._critics: dict[int, tuple[weakref.ref[Tensor], str]] = {}  # by the weight of the layer that speaks
        self._name: str | None = None

    def look(self, roots: list[Tensor]) -> float | None:
        """1 if the loss falls as a critic's value does, -1 if it falls as that grows; None where it is of neither kind."""
        if len(roots) != 1 or not roots[0].is_cpu or roots[0].grad_fn is None:
            return None
        if self._without >= LOOKS and not self._critics:
            return None
        fitted = [
            (weight, target) for maker, target in _regressions(roots[0]) if (weight := _weight(maker)) is not None
        ]
        if fitted:
            self._learn(fitted)
        else:
            self._without += not self._critics
        if fitted or not self._critics:
            return None
        ways = set(self._ways(roots[0].grad_fn))
        return float(ways.pop()) if len(ways) == 1 else None

    def facts(self) -> dict[str, str]:
        """The name of what the critic was fitted to."""
        return {} if self._name is None else {"valued": self._name}

    def _learn(self, fitted: list[tuple[Tensor, Tensor]]) -> None:
        if self._without >= LOOKS:
            return
        self._without += 1
        for weight, target in fitted:
            wanted = target.detach().double().reshape(-1)
            off = SAME * float(wanted.std()) if wanted.numel() > 1 else 0.0
            for name, value in named(VALUES):
                if off > 0 and value.shape == wanted.shape and bool(((value - wanted).abs() <= off).all()):
                    self._critics[id(weight)] = weakref.ref(weight), name
                    self._without = 0
                    break

    def _ways(self, root: Node) -> Iterator[int]:
        """The signs with which critics' values come into the loss."""
        todo, left = [(root, 1)], NODES
        while todo and left:
            left -= 1
            node, sign = todo.pop()
            op = plain_operator(node)
            if op in WEIGHTS:
                weight = weight_of(node)
                critic, name = self._critics.get(id(weight), (None, None))
                if critic is not None and critic() is weight:
                    self._name = name
                    yield sign
            elif op in CHOOSES:
                todo += [(below, sign) for below, _ in node.next_functions if below is not None]
            else:
                for part in parts_of(node) or ():
                    own = sign_of(part.by)
                    if own and part.edge[0] is not None:
                        todo.append((part.edge[0], sign * own))


def _regressions(root: Tensor) -> Iterator[tuple[Node, Tensor]]:
    """What made the answers of each regression in a loss, and their targets."""
    found, left = False, NODES
    todo: list[Any] = [root.grad_fn]
    while todo and left:
        left -= 1
        node = todo.pop()
        if plain_operator(node) in REGRESSIONS:
            found = True
            target = saved_tensor(node, "target")
            if target is not None and node.next_functions[0][0] is not None:
                yield node.next_functions[0][0], target
        else:
            todo += [part.edge[0] for part in parts_of(node) or () if part.edge[0] is not None]
    if not found and (loss := written_out(root)) is not None and loss.kind in REGRESSIONS:
        yield loss.maker, loss.target


def _weight(node: Node | None) -> Tensor | None:
    """Of the layer that gave it, through reshapes."""
    while node is not None and plain_operator(node) in RESHAPES:
        node = node.next_functions[0][0]
    return None if node is None else weight_of(node)
