"""Tensors of the user's that are followed, and not kept alive: a model that is deleted frees its memory, watched or not."""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator

from torch import Tensor


class Weak:
    """Those of some tensors that live, in their order."""

    def __init__(self, tensors: Iterable[Tensor] = ()) -> None:
        self._references = [weakref.ref(tensor) for tensor in tensors]

    def __iter__(self) -> Iterator[Tensor]:
        return (tensor for reference in self._references if (tensor := reference()) is not None)

    def are_gone(self) -> bool:
        """Whether one of them is."""
        return any(reference() is None for reference in self._references)
