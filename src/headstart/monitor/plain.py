"""Modules whose weights are plain tensors, no parameters: nothing trains them, and no state_dict holds them.

Looked at are modules of the user's that keep a matrix among their attributes and no parameter but vectors. That their
output is the product with it is found by computing it for a few samples, on the CPU alone.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import Module

from headstart.monitor.names import BirthPlaces
from headstart.monitor.sketch import can_sketch

LOOKS = 2  # at a module, in which its matrix is the same and the output its product
TRIES = 4  # steps at which a module is looked at
MODULES = 256  # that are followed
SAMPLES = 8  # whose output is computed
VALUES = 1 << 20  # of a matrix, at most
COMPARED = 4096  # values of it, at most
DISTINCT = 0.9  # different ones among them, as a share, at least: then it may be drawn
ALIKE = 1e-3  # cosine of two columns of a matrix that was computed to be orthogonal, at most
ACTIVATIONS = (lambda x: x, torch.relu, torch.tanh, torch.sigmoid)


@dataclass
class Entry:
    """One such module."""

    module: weakref.ref[Module]
    kind: str
    line: str | None
    name: str = ""  # of the attribute
    shape: tuple[int, ...] = ()
    path: str | None = None
    drawn: bool = False
    version: tuple[int, int] = (0, 0)
    step: int = -1
    tries: int = 0
    looks: int = 0


class PlainWeights:
    """Those of one run."""

    def __init__(self, births: BirthPlaces) -> None:
        self._births = births
        self._entries: dict[int, Entry] = {}

    def called(self, module: Module, args: tuple[Any, ...], output: Any, step: int, path: str | None) -> None:
        """After a call with gradients."""
        if module._modules or type(module).__module__.startswith("torch.") or not (args and can_sketch(args[0])):
            return
        entry = self._entries.get(id(module))
        if entry is None or entry.module() is not module:
            if len(self._entries) >= MODULES:
                return
            entry = Entry(weakref.ref(module), type(module).__name__, self._births.line(module))
            entry.tries = 0 if any(True for _ in _matrices(module)) else TRIES
            self._entries[id(module)] = entry
        entry.path = path or entry.path
        if entry.tries >= TRIES or entry.step == step:
            return
        entry.tries, entry.step = entry.tries + 1, step
        found = _product(module, args[0], output) if can_sketch(output) else None
        version = (0, 0) if found is None else (id(found[1]), found[1]._version)
        if found is None or (entry.looks and version != entry.version):
            entry.looks, entry.tries = 0, TRIES  # somebody writes into it, or it is something else
            return
        entry.version, entry.looks = version, entry.looks + 1
        entry.name, entry.shape = found[0], tuple(found[1].shape)
        if entry.looks == 1:
            entry.drawn = is_drawn(found[1])

    def facts(self) -> list[dict[str, Any]]:
        """Of each: what it is, where it was made, and its matrix."""
        return [
            {
                "layer": entry.path or entry.kind.lower(),
                "kind": entry.kind,
                "name": entry.name,
                "shape": list(entry.shape),
                "drawn": entry.drawn,
                "line": entry.line,
            }
            for entry in self._entries.values()
            if entry.looks >= LOOKS
        ]


def is_drawn(matrix: Tensor) -> bool:
    """Whether it looks like random numbers: nearly all values differ, and it is neither orthogonal nor symmetric."""
    x = matrix.detach().float()
    some = x.flatten()[:COMPARED].tolist()
    if len(set(some)) < DISTINCT * len(some) or min(x.shape) < 2:
        return False
    if x.shape[0] == x.shape[1] and torch.equal(x, x.t()):
        return False
    return not any(_are_orthogonal(y) for y in (x, x.t()))


def _are_orthogonal(x: Tensor) -> bool:
    y = x[:, :SAMPLES]
    y = y / torch.linalg.vector_norm(y, dim=0)
    off = (y.t() @ y) - torch.eye(y.shape[1])
    return bool((off.abs() < ALIKE).all())


def _tensors(module: Module) -> Iterator[tuple[str, Tensor]]:
    for name, x in list(module.__dict__.items()):
        if can_sketch(x) and x.is_cpu and not (x.requires_grad or x.is_inference()) and x.numel() <= VALUES:
            yield name, x


def _matrices(module: Module) -> Iterator[tuple[str, Tensor]]:
    if any(parameter is not None and parameter.ndim > 1 for parameter in module._parameters.values()):
        return
    yield from ((name, x) for name, x in _tensors(module) if x.ndim == 2)


@torch.no_grad()
def _product(module: Module, given: Tensor, output: Tensor) -> tuple[str, Tensor] | None:
    """The matrix that the module multiplies what it is given by, with a bias or without, and activated or not."""
    if not (given.is_cpu and output.is_cpu) or given.ndim < 2 or given.shape[:-1] != output.shape[:-1]:
        return None
    x, y = (each.detach().reshape(-1, each.shape[-1])[:SAMPLES] for each in (given, output))
    biases = [each for _, each in _tensors(module) if each.shape == y.shape[1:]]
    biases += [each for each in module._parameters.values() if each is not None and each.shape == y.shape[1:]]
    for name, matrix in _matrices(module):
        for weight in (matrix, matrix.t()):
            if weight.shape != (x.shape[1], y.shape[1]) or weight.dtype != x.dtype or y.dtype != x.dtype:
                continue
            result = x @ weight
            for bias, activation in product((torch.zeros(()), *biases), ACTIVATIONS):
                if torch.allclose(activation(result + bias), y, rtol=1e-4, atol=1e-6):
                    return name, matrix
    return None
