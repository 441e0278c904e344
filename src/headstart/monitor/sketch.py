"""A tensor's sketch: a small fixed sample of its values, copied at once; the figures of all samples once a step.

The sample's step shares no divisor with the number of values and no simple ratio with a stride. A step that divides a
dimension sees the same few units in every row: with half of 256 units dead it reports 0 % or 100 %. Values are taken
in memory order, for `reshape(-1)` copies all of a `channels_last` tensor, and copied, for `ReLU(inplace=True)`
overwrites a view. Samples of one length lie in one sheet, so that no figure needs a mask. The device is never waited
for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

import torch
from torch import Tensor

SAMPLE = 1024  # values of a tensor at most: a share is then known to 1.6 % (1 σ), a std to 2.2 %
GRAIN = 64  # lengths of long samples are multiples of this


@dataclass(frozen=True)
class Reading:
    """How a stream's shares are to be read: of a layer's own output through the activation that comes next."""

    zero_at: float | None = None  # values up to here become zero: 0 before a ReLU; None: count exact zeros
    low: float = -math.inf  # at or below, and at or above: saturated
    high: float = math.inf


PLAIN = Reading()


class Sheet:
    """Samples of one length on one device: a row a stream, in the order of this step's `put`."""

    def __init__(self, length: int, device: torch.device) -> None:
        self.length = length
        self.streams: list[int] = []
        self._values = torch.zeros(16, length, device=device)
        self._rows = list(self._values)
        self._scratch = torch.zeros_like(self._values)

    def take(self, streams: Sequence[int]) -> tuple[int, int]:
        """Rows for `streams`, first and behind the last."""
        first = len(self.streams)
        self.streams += streams
        while len(self.streams) > len(self._values):
            self._values = torch.cat([self._values, torch.zeros_like(self._values)])
            self._rows = list(self._values)
            self._scratch = torch.zeros_like(self._values)
        return first, len(self.streams)

    def put(self, stream: int, sample: Tensor) -> None:
        row, _ = self.take((stream,))
        self._rows[row].copy_(sample)

    def put_all(self, streams: Sequence[int], samples: Sequence[Tensor]) -> slice:
        """Many samples of one dtype at once; returns their rows."""
        rows = slice(*self.take(streams))
        if samples[0].dtype == torch.float32:
            torch.stack(list(samples), out=self._values[rows])
        else:
            self._values[rows] = torch.stack(list(samples)).float()
        return rows

    def subtract(self, rows: slice, before: slice) -> None:
        """`rows` become their differences to the rows `before`: updates from the weights after and before."""
        self._values[rows] -= self._values[before]

    def figures(self, readings: dict[int, Reading]) -> Tensor:
        """Mean, std, max |x|, shares of zeros, saturated, not finite: (rows, 6), on this device."""
        count = len(self.streams)
        values, scratch = self._values[:count], self._scratch[:count]
        mean = values.sum(1) / self.length
        std = torch.linalg.vector_norm(torch.sub(values, mean[:, None], out=scratch), dim=1) / math.sqrt(self.length)
        largest = torch.abs(values, out=scratch).amax(1)
        zeros = torch.eq(values, 0, out=scratch).sum(1) / self.length
        beyond = torch.zeros_like(zeros)
        if values.is_cuda or not bool(mean.isfinite().all()):  # asking a CPU costs no wait
            not_finite = torch.isfinite(values).logical_not_().sum(1) / self.length
        else:
            not_finite = torch.zeros_like(zeros)
        for row, stream in enumerate(self.streams):
            if (reading := readings.get(stream, PLAIN)) is not PLAIN:
                if reading.zero_at is not None:
                    zeros[row] = (values[row] <= reading.zero_at).sum() / self.length
                beyond[row] = ((values[row] <= reading.low) | (values[row] >= reading.high)).sum() / self.length
        return torch.stack([mean, std, largest, zeros, beyond, not_finite], 1)


class Sheets:
    """One step's samples of all streams."""

    def __init__(self) -> None:
        self.readings: dict[int, Reading] = {}
        self._sheets: dict[tuple[int, torch.device], Sheet] = {}

    def sheet(self, length: int, device: torch.device) -> Sheet:
        key = (length, device)
        if key not in self._sheets:
            self._sheets[key] = Sheet(length, device)
        return self._sheets[key]

    def put(self, stream: int, x: Tensor) -> None:
        """Copies the sample of `x` (any shape and floating dtype, not empty)."""
        sample = sample_view(x)
        self.sheet(sample.shape[0], x.device).put(stream, sample)

    def restart(self, streams: Iterable[int]) -> None:
        """Forgets this step's samples of `streams`: they are taken again."""
        forgotten = set(streams)
        for sheet in self._sheets.values():
            sheet.streams = [-1 if stream in forgotten else stream for stream in sheet.streams]

    def figures(self) -> list[tuple[list[int], Tensor]]:
        """(streams, their figures) of each sheet; empties them."""
        found = []
        for sheet in self._sheets.values():
            if sheet.streams:
                found.append((sheet.streams, sheet.figures(self.readings)))
                sheet.streams = []
        return found


def sample_view(x: Tensor) -> Tensor:
    """At most `SAMPLE` values of `x` in memory order, the same places every time: 1-d, a view where it can be."""
    length, step = _geometry(x.numel(), x.stride())
    if x.is_contiguous() or _is_dense(x):
        return x.as_strided((length,), (step,), x.storage_offset())
    order = sorted(range(x.ndim), key=x.stride, reverse=True)
    return x.permute(order).reshape(-1)[: length * step : step]


def can_sketch(x: Any) -> TypeGuard[Tensor]:
    """Whether `x` is a plain floating tensor: no functorch wrapper, fake, sparse, nested or other subclass."""
    return (
        type(x) in (Tensor, torch.nn.Parameter)
        and x.is_floating_point()
        and x.layout is torch.strided
        and x.numel() > 0
        and x.device.type != "meta"
        and not torch._C._functorch.is_functorch_wrapped_tensor(x)
    )


@lru_cache(maxsize=4096)
def _geometry(numel: int, strides: tuple[int, ...]) -> tuple[int, int]:
    """Length and step of a sample. Few lengths occur; a tail of at most 1/9, seldom more than 1/20, is left out."""
    if numel < SAMPLE:
        grain = 1 << max(0, numel.bit_length() - 4)
        return numel // grain * grain, 1
    inner = [stride for stride in strides if 1 < stride < numel]

    def worth(step: int) -> tuple[float, float, int]:
        covered = _length(numel, step) * step / numel
        return min(round(covered, 2), 0.95), min(_spread(step, inner), 0.3), -step

    steps = range(numel // SAMPLE, numel // (SAMPLE * 3 // 8) + 1)[:96]
    step = max((step for step in steps if math.gcd(step, numel) == 1), key=worth, default=1)
    return _length(numel, step), step


def _length(numel: int, step: int) -> int:
    return min(SAMPLE, numel // step) // GRAIN * GRAIN


def _spread(step: int, strides: list[int]) -> float:
    """How far step/stride stays from each simple fraction: near p/q the sample sees only q places of a dimension."""
    distances = [
        q * abs(q * step / stride - round(q * step / stride)) for stride in strides for q in (1, 2, 3, 4, 5, 6, 8)
    ]
    return min(distances, default=1.0)


@lru_cache(maxsize=4096)
def _dense(shape: torch.Size, strides: tuple[int, ...]) -> bool:
    expected = 1
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size != 1:
            if stride != expected:
                return False
            expected *= size
    return True


def _is_dense(x: Tensor) -> bool:
    return _dense(x.shape, x.stride())
