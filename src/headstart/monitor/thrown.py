"""Gradients that are cleared before the next backward, with no step in between: they are computed for nothing.

Legitimate is a first backward of which something else is made: a way to climb (SAM: the weights move in between), a
projection or a sum of several gradients (the optimizer is then given another gradient than the last backward left), a
penalty or the other player's loss (another line), an attack (the data have gradients as well). What none of them does: one
line calls backward on one loss after the other, the weights stay, and the optimizer steps along the last one's gradient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim import Optimizer

from headstart.monitor.graph import leaves
from headstart.monitor.sketch import can_sketch
from headstart.monitor.weak import Weak

VALUES = 64  # of a tensor that are compared
GRAPHS = 8  # that are gone through for data with gradients
FEWEST = 8  # of all gradients: the direction of fewer says little
ALIKE = 1e-3  # by which the cosine of a gradient and of the same one after clipping may miss 1: half precision's eps

Mark = tuple[int, int] | None  # a gradient's identity and version


class Thrown:
    """Follows some parameters of one optimizer, on the steps that are looked at."""

    def __init__(self, parameters: Sequence[Tensor]) -> None:
        self._parameters = Weak(parameters)
        self._step = -1
        self._several = False  # backwards in the step before: where there is one, nothing is done
        self._graphs = 0
        self._attacks = False  # data had gradients
        self._backwards = self._gone = 0  # that gave gradients in this step; those of them whose are gone
        self._forget()

    def _forget(self) -> None:
        self._open = False  # what the last backward gave is still to be judged
        self._plain = not self._attacks
        self._line: str | None = None
        self._loss: Tensor | None = None
        self._weights: Tensor | None = None
        self._given: Tensor | None = None
        self._marks: list[Mark] = []
        self._proofs: list[Tensor] = []

    def backward_begins(
        self, step: int, line_of_call: Callable[[], str | None], loss: Tensor, roots: Sequence[Tensor]
    ) -> None:
        if step != self._step:
            self._several, self._step = self._backwards > 1, step
            self._backwards = self._gone = 0
            self._forget()
        if self._several and self._plain and self._graphs < GRAPHS:
            self._graphs += 1
            self._attacks = not all(map(self._is_weight, leaves(roots)))
            self._plain = not self._attacks
        if self._several and self._plain:
            line = line_of_call()
            if self._open:
                self._gone += self._are_gone()
            weights = _some(self._parameters)
            if self._weights is None or self._loss is None:
                self._line, self._weights = line, weights
            elif weights is not None and line == self._line and _match(self._weights, weights, self._loss, loss):
                self._proofs += [self._weights.eq(weights).all(), loss.ne(self._loss)]
            else:
                self._plain = False
            self._loss = loss
        self._open = False
        self._marks = self._marked()

    def backward_ends(self, step: int) -> None:
        if step != self._step or (marks := self._marked()) == self._marks:
            return
        self._open, self._marks = True, marks
        self._backwards += 1
        if self._several and self._plain:
            self._given = _some(parameter.grad for parameter in self._parameters)

    def other_steps(self) -> None:
        """An optimizer of other tensors steps, which is not watched: a player of two."""
        self._plain = False

    def step_begins(self, optimizer: Optimizer) -> Tensor | None:
        """How many backwards this step's gradient is without, 0 where it is not proven; None where nothing was."""
        own = type(optimizer).__module__.startswith("torch.optim")  # another's step may make its gradient of anything
        thrown = self._gone if self._open and self._gone == self._backwards - 1 else 0
        given, left = self._given, _some(parameter.grad for parameter in self._parameters) if thrown else None
        self._given = self._weights = self._loss = None
        if not (own and self._plain and self._proofs) or given is None or left is None or len(given) < FEWEST:
            return None
        if not _match(given, left):
            return None
        cosine = given @ left / (given.norm() * left.norm())
        return torch.stack([*self._proofs, cosine > 1 - ALIKE]).all() * float(thrown)

    def _is_weight(self, leaf: Tensor) -> bool:
        return isinstance(leaf, Parameter) or any(leaf is parameter for parameter in self._parameters)

    def _marked(self) -> list[Mark]:
        gradients = [parameter.grad for parameter in self._parameters]
        return [None if gradient is None else (id(gradient), gradient._version) for gradient in gradients]

    def _are_gone(self) -> bool:
        """All of them: where zeros are written instead, it is asked on the CPU alone, for a device would be waited for."""
        if self._parameters.are_gone():
            return False
        left = [
            parameter.grad for parameter, mark in zip(self._parameters, self._marks, strict=True) if mark is not None
        ]
        kept = [gradient for gradient in left if gradient is not None]
        if not kept:
            return bool(left)
        values = _some(kept) if self._marked() != self._marks else None
        return values is not None and values.is_cpu and not values.any()


def _some(tensors: Iterable[Tensor | None]) -> Tensor | None:
    """Values from all over the tensors, in one; None where there are none, or on several devices."""
    plain = [tensor.detach().reshape(-1) for tensor in tensors if can_sketch(tensor)]
    if not plain or len({tensor.device for tensor in plain}) > 1:
        return None
    return torch.cat([tensor[:: max(1, len(tensor) // VALUES)][:VALUES].float() for tensor in plain])


def _match(*tensors: Tensor) -> bool:
    """Whether all are on one device, and by twos of one shape."""
    shapes = [tensor.shape for tensor in tensors]
    return len({tensor.device for tensor in tensors}) == 1 and shapes[::2] == shapes[1::2]
