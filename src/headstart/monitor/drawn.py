"""Samples that a Normal gave without a graph, `sample()` for `rsample()`, and the layers that they enter."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from headstart.monitor.graph import find_tags
from headstart.monitor.modules import Slot

RECENT = 16  # samples that are known at a time
NEAR = 64  # nodes behind a distribution's parameters that are looked through for the layers that gave them


@dataclass(frozen=True)
class Sample:
    tensor: weakref.ref[Tensor]
    storage: int  # a reshape of it has the same
    of: tuple[Slot, ...]  # layers that gave the distribution's parameters


class Drawn:
    """The samples of one run's present step.

    A sample whose log-probability is asked for is scored: an action, of which the policy's gradient needs no other way.
    One is enough for the run: then nothing is told of it.
    """

    def __init__(self, key: str) -> None:
        self.scored = False
        self._key = key
        self._samples: list[Sample] = []
        self._fed: list[Slot] = []

    def sampled(self, distribution: Any, sample: Tensor) -> None:
        """Of a distribution whose mean or scale has a graph."""
        given = [x for x in (distribution.loc, distribution.scale) if isinstance(x, Tensor) and x.requires_grad]
        slots = [slot for x in given for slot in find_tags(x, self._key, Slot, NEAR)]
        if self.scored or not slots or sample.requires_grad:
            return
        of = tuple({id(slot): slot for slot in slots}.values())
        self._samples = [*self._samples[1 - RECENT :], Sample(weakref.ref(sample), _storage(sample), of)]

    def scores(self, value: Any) -> None:
        """A log-probability of `value` under a distribution whose parameters have a graph."""
        if isinstance(value, Tensor) and self._known(value) is not None:
            self.scored = True
            for slot in self._fed:
                slot.drawn_from = ()
            self._samples, self._fed = [], []

    def entered(self, slot: Slot, given: Tensor) -> None:
        """What a layer is given, without a graph."""
        if self._samples and not slot.drawn_from and (sample := self._known(given)) is not None:
            slot.drawn_from = sample.of
            self._fed.append(slot)

    def end_step(self) -> None:
        self._samples = []

    def _known(self, tensor: Tensor) -> Sample | None:
        """Only of samples that live: the storage of one that is gone may be another's."""
        storage = _storage(tensor)
        alive = (sample for sample in self._samples if sample.tensor() is not None)
        return next((sample for sample in alive if sample.storage == storage), None)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
