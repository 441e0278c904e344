"""Updates by hand: `w -= lr * w.grad`. There is no optimizer whose step could be seen, so the tensors are asked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from headstart.monitor.cleared import PROBES, VALUES, Mark, mark_of, touched
from headstart.monitor.sketch import can_sketch
from headstart.monitor.weak import Weak

EXACT = 0.01  # what two terms leave of an update that is made of them, as a share of it: rounding
APART = 0.95  # cosine of the two, at most
ALONG = 0.9  # cosine of an update with the gradient that it is made of: small ones are rounded


class HandUpdates:
    """Says whether the parameters changed, or their gradients were cleared, since the last backward."""

    def __init__(self) -> None:
        self._probes = Weak()
        self._versions: list[int] = []
        self._gradients: list[Mark] = []
        self._values: list[Tensor] = []
        self._slopes: list[Tensor | None] = []
        self._given: list[Tensor | None] = []
        self._last: Tensor | None = None  # the update before

    def mark(self, parameters: Sequence[Tensor], sketching: bool, given: Mapping[int, Tensor] | None = None) -> None:
        """As a backward ends; `sketching`: `climbs` and `carries` may be asked; `given`: what `autograd.grad` gave."""
        step = max(1, len(parameters) // PROBES)
        probes = list(parameters)[::step][:PROBES]
        self._probes = Weak(probes)
        self._versions = [probe._version for probe in probes]
        self._gradients = [mark_of(probe) for probe in probes]
        on_cpu = all(probe.device.type == "cpu" for probe in probes)
        # `w.data -= ...` leaves the version as it was. On a CPU the values can be compared without a wait.
        self._values = [_some(probe).clone() for probe in probes] if on_cpu else []
        read = probes if on_cpu and sketching else []
        self._slopes = [_copy(probe.grad) for probe in read]
        self._given = self._slopes if given is None else [_copy(given.get(id(probe))) for probe in read]
        if not sketching:
            self._last = None

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

    def carries(self) -> float | None:
        """How much of the update before is in this one, beside a multiple of the gradient; None if it is made otherwise.

        Without momentum it is 0, with momentum that. Gradients that are summed up and never emptied carry all of it.
        """
        given = [slope for slope in self._given if slope is not None]
        if self._probes.are_gone() or not self._values or len(given) < len(self._values):
            self._last = None
            return None
        step = torch.cat(
            [_some(probe) - value for probe, value in zip(self._probes, self._values, strict=True)]
        ).double()
        last, self._last = self._last, step
        slope = torch.cat(given).double()
        if last is None or last.shape != step.shape or slope.shape != step.shape:
            return None
        sizes = [float(torch.linalg.vector_norm(x)) for x in (step, last, slope)]
        if not all(0 < size < math.inf for size in sizes):
            return None
        both = torch.stack([last / sizes[1], slope / sizes[2]])
        cosine = float(both[0] @ both[1])
        if abs(cosine) > APART:
            return None
        a, b = (both @ step).tolist()
        shares = torch.tensor([a - cosine * b, b - cosine * a], dtype=torch.float64) / (1 - cosine**2)
        rest = torch.linalg.vector_norm(step - shares @ both)
        return float(shares[0]) / sizes[1] if float(rest) <= EXACT * sizes[0] else None

    def _updated(self) -> bool:
        if any(probe._version != version for probe, version in zip(self._probes, self._versions, strict=True)):
            return True
        return any(
            not value.equal(_some(probe))
            for value, probe in zip(self._values, self._probes, strict=bool(self._values))
        )


def _some(tensor: Tensor) -> Tensor:
    return tensor.detach().reshape(-1)[:VALUES]


def _copy(gradient: Tensor | None) -> Tensor | None:
    return _some(gradient).clone() if can_sketch(gradient) else None
