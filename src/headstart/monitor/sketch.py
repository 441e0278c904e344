"""A tensor's sketch: a small fixed sample of its values, copied at once; the figures of all samples once a step.

The sample's step shares no divisor with the number of values and no simple ratio with a stride. A step that divides a
dimension sees the same few units in every row: with half of 256 units dead it reports 0 % or 100 %. Values are taken
in memory order, for `reshape(-1)` copies all of a `channels_last` tensor, and copied, for `ReLU(inplace=True)`
overwrites a view. The figures cost the same few operations for all layers; the device is never waited for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeGuard

import torch
from torch import Tensor

SAMPLE = 512  # values of a tensor at most: a share is then known to 2.2 % (1 σ), a std to 3.1 %
FORMS = 8  # forms that are remembered: two of a GAN, one of each optimizer
GRAIN = 32  # lengths of long samples are multiples of this

# Asked of every tensor: as globals of this module they are looked up once, not through torch's modules.
PLAIN_TYPES, STRIDED = (Tensor, torch.nn.Parameter), torch.strided
is_wrapped = torch._C._functorch.is_functorch_wrapped_tensor


@dataclass(frozen=True)
class Reading:
    """How a stream's shares are to be read: of a layer's own output through the activation that comes next."""

    zero_at: float | None = None  # values up to here become zero: 0 before a ReLU; None: count exact zeros
    low: float = -math.inf  # at or below, and at or above: saturated
    high: float = math.inf

    @property
    def saturates(self) -> bool:
        return self.low > -math.inf or self.high < math.inf

    def scaled(self, factor: float) -> Reading:
        """Of values that are multiplied by `factor` before they are read."""
        low, high = sorted((self.low / factor, self.high / factor))
        return Reading(self.zero_at, low, high)

    def is_zero(self, value: float) -> bool:
        return value == 0 if self.zero_at is None else value <= self.zero_at

    def is_saturated(self, value: float) -> bool:
        return self.saturates and not self.low < value < self.high


PLAIN = Reading()


class Sheet:
    """Samples on one device: a row a stream, in the order of this step's `put`, zeros behind its last value."""

    def __init__(self, device: torch.device) -> None:
        self.streams: list[int] = []
        self._lengths: list[int] = []
        self._places: list[Tensor] = []  # of the rows that were used: views of as many values as lay there
        self._values = torch.zeros(32, SAMPLE, device=device)
        self._scratch = torch.zeros_like(self._values)
        self._forms: dict[tuple[tuple[int, ...], ...], Form] = {}

    def put(self, stream: int, sample: Tensor) -> None:
        self._place(stream, sample.shape[0]).copy_(sample)

    def put_all(self, streams: Sequence[int], samples: list[Tensor]) -> slice:
        """Many samples at once; returns their rows."""
        first, lengths = len(self.streams), [sample.shape[0] for sample in samples]
        self._reserve(first + len(streams))  # before any place is handed out: a larger sheet lies elsewhere
        places = self._places[first : first + len(streams)]
        if [place.shape[0] for place in places] == lengths:  # as at most steps
            self.streams += streams
            self._lengths += lengths
        else:
            places = [self._place(stream, length) for stream, length in zip(streams, lengths, strict=True)]
        if places:
            torch._foreach_copy_(places, samples)
        return slice(first, len(self.streams))

    def subtract(self, rows: slice, before: slice) -> None:
        """`rows` become their differences to the rows `before`: updates from the weights after and before."""
        self._values[rows] -= self._values[before]

    def products(self, rows: slice, places: Tensor, others: slice) -> Tensor:
        """The inner products of the rows at `places` among `rows` with the rows `others`."""
        left, right = self._values[rows], self._values[others]
        return (left if len(left) == len(right) else left[places]).mul(right).sum(1)

    def figures(self, readings: dict[int, Reading]) -> Tensor:
        """Mean, std, max |x|, shares of zeros, saturated, not finite: (rows, 6), on this device; empties the sheet."""
        form = self._form(readings)
        values, scratch = (sheet[: len(self.streams), : form.width] for sheet in (self._values, self._scratch))
        mean = values.sum(1) / form.length
        centred = torch.sub(values, mean[:, None], out=scratch)
        spread = torch.linalg.vector_norm(centred if form.mask is None else centred.mul_(form.mask), dim=1)
        largest = torch.abs(values, out=scratch).amax(1)
        floored = values if form.floor is None else torch.maximum(values, form.floor, out=scratch)
        zeros = torch.eq(floored, form.zero, out=scratch).sum(1)
        beyond = torch.zeros_like(mean)
        if form.low is not None and form.high is not None:
            beyond = ((values <= form.low) | (values >= form.high)).sum(1)
        not_finite = torch.zeros_like(mean)
        if values.is_cuda or not math.isfinite(mean.sum()):  # asking a CPU costs no wait
            not_finite = torch.isfinite(values).logical_not_().sum(1)
        self.streams, self._lengths = [], []
        return (
            torch.stack([mean, spread, largest, zeros, beyond, not_finite], 1).sub_(form.padding).div_(form.divisors)
        )

    def forget_forms(self) -> None:
        """Readings have changed."""
        self._forms.clear()

    def _form(self, readings: dict[int, Reading]) -> Form:
        key = (tuple(self.streams), tuple(self._lengths))
        if key not in self._forms:
            form = Form.of(self._lengths, [readings.get(stream, PLAIN) for stream in self.streams], self._values)
            self._forms = {key: form, **dict(list(self._forms.items())[: FORMS - 1])}
        return self._forms[key]

    def _place(self, stream: int, length: int) -> Tensor:
        row = len(self.streams)
        self.streams.append(stream)
        self._lengths.append(length)
        if row < len(self._places) and self._places[row].shape[0] == length:
            return self._places[row]
        self._reserve(row + 1)
        self._values[row, length:] = 0
        self._places[row : row + 1] = [self._values[row, :length]]
        return self._places[row]

    def _reserve(self, rows: int) -> None:
        while rows > len(self._values):
            self._values = torch.cat([self._values, torch.zeros_like(self._values)])
            self._scratch = torch.zeros_like(self._values)
            self._places = [self._values[row, : len(place)] for row, place in enumerate(self._places)]


@dataclass(frozen=True)
class Form:
    """How the rows of a sheet are read: seldom another than at some step before. Columns are (rows, 1)."""

    width: int  # of the longest sample
    length: Tensor  # (rows,)
    mask: Tensor | None  # (rows, width), 1 where a value lies; None where all do
    floor: Tensor | None  # counted as zero: max(x, floor) == zero, which is x <= z for (z, z), x == 0 for (-inf, 0)
    zero: Tensor | float
    low: Tensor | None  # NaN, which nothing is below, where nothing is saturated
    high: Tensor | None
    padding: Tensor  # (rows, 6): what the zeros behind the values were counted as
    divisors: Tensor  # (rows, 6): of sums by lengths

    @classmethod
    def of(cls, lengths: Sequence[int], readings: Sequence[Reading], like: Tensor) -> Form:
        def tensor(rows: Sequence[Any]) -> Tensor:
            return on_device(rows, like.device, like.dtype)

        width = max(lengths)
        mask = floor = low = high = None
        zero: Tensor | float = 0.0
        if min(lengths) < width:
            mask = (torch.arange(width, device=like.device) < tensor(lengths)[:, None]).to(like.dtype)
        if any(reading.zero_at is not None for reading in readings):
            floor = tensor([[-math.inf if reading.zero_at is None else reading.zero_at] for reading in readings])
            zero = tensor([[reading.zero_at or 0.0] for reading in readings])
        if any(reading.saturates for reading in readings):
            low = tensor([[reading.low if reading.saturates else math.nan] for reading in readings])
            high = tensor([[reading.high if reading.saturates else math.nan] for reading in readings])
        padding = [
            [0.0, 0.0, 0.0, (width - n) * reading.is_zero(0.0), (width - n) * reading.is_saturated(0.0), 0.0]
            for n, reading in zip(lengths, readings, strict=True)
        ]
        divisors = [[1.0, math.sqrt(n), 1.0, n, n, n] for n in lengths]
        return cls(width, tensor(lengths), mask, floor, zero, low, high, tensor(padding), tensor(divisors))


class Sheets:
    """One step's samples of all streams, a sheet a device."""

    def __init__(self) -> None:
        self._readings: dict[int, Reading] = {}
        self._sheets: dict[torch.device, Sheet] = {}

    def read(self, stream: int, reading: Reading) -> None:
        """From now on the shares of `stream` are read so."""
        if self._readings.get(stream) != reading:
            self._readings[stream] = reading
            for sheet in self._sheets.values():
                sheet.forget_forms()

    def sheet(self, device: torch.device) -> Sheet:
        if device not in self._sheets:
            self._sheets[device] = Sheet(device)
        return self._sheets[device]

    def put(self, stream: int, x: Tensor) -> None:
        """Copies the sample of `x` (any shape and floating dtype, not empty)."""
        self.sheet(x.device).put(stream, sample_view(x))

    def restart(self, streams: Iterable[int]) -> None:
        """Forgets this step's samples of `streams`: they are taken again."""
        forgotten = set(streams)
        for sheet in self._sheets.values():
            sheet.streams = [-1 if stream in forgotten else stream for stream in sheet.streams]

    def figures(self) -> list[tuple[list[int], Tensor]]:
        """(streams, their figures) of each sheet; empties them."""
        return [(sheet.streams, sheet.figures(self._readings)) for sheet in self._sheets.values() if sheet.streams]


def on_device(values: Sequence[Any], device: torch.device, dtype: torch.dtype | None = None) -> Tensor:
    """A tensor of `values`, without a wait for the device."""
    made = torch.tensor(values, dtype=dtype)
    return made.pin_memory().to(device, non_blocking=True) if device.type == "cuda" else made.to(device)


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
        type(x) in PLAIN_TYPES
        and x.is_floating_point()
        and x.layout is STRIDED
        and x.numel() > 0
        and not x.is_meta
        and not is_wrapped(x)
    )


def norm_of(tensors: Sequence[Tensor]) -> Tensor:
    """The Euclidean norm of all of them together."""
    norms = [torch.linalg.vector_norm(tensor.detach(), dtype=torch.float32) for tensor in tensors]
    return torch.stack(norms).square().sum().sqrt()


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
