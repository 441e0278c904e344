"""Updates by hand: `w -= lr * w.grad`. There is no optimizer whose step could be seen, so the tensors are asked."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

PROBES = 4


class HandUpdates:
    """Says whether the parameters changed, or their gradients were cleared, since the last backward."""

    def __init__(self) -> None:
        self._probes: list[Tensor] = []
        self._marks: list[tuple[object, ...]] = []
        self._values: list[Tensor] = []

    def mark(self, parameters: Sequence[Tensor]) -> None:
        step = max(1, len(parameters) // PROBES)
        self._probes = list(parameters)[::step][:PROBES]
        self._marks = [_mark(parameter) for parameter in self._probes]
        on_cpu = all(parameter.device.type == "cpu" for parameter in self._probes)
        # `w.data -= ...` leaves the version as it was. On a CPU the values can be compared without a wait.
        self._values = [probe.detach().reshape(-1)[:64].clone() for probe in self._probes] if on_cpu else []

    def changed(self) -> bool:
        if any(mark != _mark(probe) for mark, probe in zip(self._marks, self._probes, strict=True)):
            return True
        return any(
            not value.equal(probe.detach().reshape(-1)[:64])
            for value, probe in zip(self._values, self._probes, strict=bool(self._values))
        )


def _mark(parameter: Tensor) -> tuple[object, ...]:
    gradient = parameter.grad
    return (parameter._version, None if gradient is None else (id(gradient), gradient._version))
