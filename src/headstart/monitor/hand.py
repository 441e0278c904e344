"""Updates by hand: `w -= lr * w.grad`. There is no optimizer whose step could be seen, so the tensors are asked."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from headstart.monitor.cleared import PROBES, VALUES, Mark, mark_of, touched
from headstart.monitor.sketch import can_sketch
from headstart.monitor.weak import Weak

ALONG = 0.9  # cosine of an update with the gradient that it is made of: small ones are rounded


class HandUpdates:
    """Says whether the parameters changed, or their gradients were cleared, since the last backward."""

    def __init__(self) -> None:
        self._probes = Weak()
        self._versions: list[int] = []
        self._gradients: list[Mark] = []
        self._values: list[Tensor] = []
        self._slopes: list[Tensor | None] = []

    def mark(self, parameters: Sequence[Tensor], sketching: bool) -> None:
        """As a backward ends; `sketching`: `climbs` may be asked."""
        step = max(1, len(parameters) // PROBES)
        probes = list(parameters)[::step][:PROBES]
        self._probes = Weak(probes)
        self._versions = [probe._version for probe in probes]
        self._gradients = [mark_of(probe) for probe in probes]
        on_cpu = all(probe.device.type == "cpu" for probe in probes)
        # `w.data -= ...` leaves the version as it was. On a CPU the values can be compared without a wait.
        self._values = [_some(probe).clone() for probe in probes] if on_cpu else []
        gradients = [probe.grad for probe in probes] if on_cpu and sketching else []
        self._slopes = [_some(gradient).clone() if can_sketch(gradient) else None for gradient in gradients]

    def changed(self) -> bool:
        """Of what is gone the last update was: another tensor took its place, or its training is over."""
        if self._probes.are_gone():
            return True
        gradients = [mark_of(probe) for probe in self._probes]
        return gradients != self._gradients or self._updated()

    def cleared(self) -> bool | Tensor | None:
        """Whether an update came with cleared gradients; None where none came, or there are no gradients to clear."""
        if self._probes.are_gone() or not self._updated() or all(mark is None for mark in self._gradients):
            return None
        return touched(self._probes, self._gradients)

    def climbs(self) -> bool | None:
        """Whether the update went along the gradients, not against them; None if there is none, or it went another way."""
        if self._probes.are_gone() or not self._slopes:
            return None
        cosines = []
        for probe, value, slope in zip(self._probes, self._values, self._slopes, strict=True):
            step = _some(probe) - value
            if slope is not None and step.any() and slope.any():
                cosines.append(float(torch.cosine_similarity(step.double(), slope.double(), dim=0)))
        if not cosines or not all(abs(cosine) > ALONG for cosine in cosines):
            return None
        return min(cosines) > 0

    def _updated(self) -> bool:
        if any(probe._version != version for probe, version in zip(self._probes, self._versions, strict=True)):
            return True
        return any(
            not value.equal(_some(probe))
            for value, probe in zip(self._values, self._probes, strict=bool(self._values))
        )


def _some(tensor: Tensor) -> Tensor:
    return tensor.detach().reshape(-1)[:VALUES]
