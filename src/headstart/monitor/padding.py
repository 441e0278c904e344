"""Labels that stand where an embedding was given its own padding: of a class of their own, they say nothing of the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.nn import Embedding, Module

from headstart.monitor.losses import CLASSES, Call

LARGEST = 2**22  # words of one batch


class Padding:
    """Where the words of this step's batches are padding, until a loss is called on as many labels."""

    def __init__(self) -> None:
        self._places: list[Tensor] = []

    def looked_up(self, module: Module, given: Any) -> None:
        """As an embedding returns."""
        if not isinstance(module, Embedding) or module.padding_idx is None or type(given) is not Tensor:
            return
        if given.layout is torch.strided and 0 < given.numel() <= LARGEST and given.ndim > 1:
            self._places.append((given == module.padding_idx).reshape(-1))

    def counted(self, call: Call, arguments: Mapping[str, Any]) -> Call:
        """The call with the share of its labels that stand at padding, if they are all of one class, and no others are."""
        if call.source.kind not in CLASSES or not self._places:
            return call
        labels = arguments["target"].detach().reshape(-1)
        fitting = [place for place, mask in enumerate(self._places) if mask.numel() == labels.numel()]
        if labels.is_floating_point() or not fitting:
            return call
        mask = self._places.pop(fitting[0])
        if mask.device != labels.device:
            return call
        least, most = labels.where(mask, labels.amax()).amin(), labels.where(mask, labels.amin()).amax()
        alone = (least == most) & ((labels == least) == mask).all() & (least != arguments.get("ignore_index", -100))
        share = (alone * mask.float().mean()).where(mask.any(), torch.nan)
        return replace(call, more=(*call.more, ("loss.padding", share)))

    def end_step(self) -> None:
        self._places.clear()
