"""Tensors of the user's that are followed, and not kept alive: a model that is deleted frees its memory, watched or not."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator

import torch
from torch import Tensor

Reference = Callable[[], Tensor | None]


def reference(tensor: Tensor, gone: Callable[[], object] = lambda: None) -> Reference:
    """What returns the tensor while it lives; `gone` is called once it does not.

    `torch.utils.swap_tensors` refuses a tensor that has a weak reference. `Module.to` makes use of it for subclasses, and
    where the user asked for it: these are kept.
    """
    if type(tensor) in (Tensor, torch.nn.Parameter) and not torch.__future__.get_swap_module_params_on_conversion():
        return weakref.ref(tensor, lambda _: gone())
    return lambda: tensor


class Weak:
    """Those of some tensors that live, in their order."""

    def __init__(self, tensors: Iterable[Tensor] = ()) -> None:
        self._references = [reference(tensor) for tensor in tensors]

    def __iter__(self) -> Iterator[Tensor]:
        return (tensor for alive in self._references if (tensor := alive()) is not None)

    def are_gone(self) -> bool:
        """Whether one of them is."""
        return any(alive() is None for alive in self._references)
