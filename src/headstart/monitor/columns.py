"""What the layers that are fed by data are given: whether every value is finite, whether anything ever differs, and the
size of each column.

A sketch samples; here all values count, for a single NaN is enough. That costs one sum of the input a step: only where it
is not finite is more looked at. Samples are compared until one differs, which is mostly the second. Columns are measured on
a few steps alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

import torch
from torch import Tensor

from headstart.monitor.modules import Slot
from headstart.monitor.operators import signed
from headstart.record import Input

MOST = 64  # layers that are followed
STEPS = 64  # steps with values that are not finite that are told of one layer
NAMED = 8  # columns that are named
MEASURED = 1024  # columns that are measured, at most
VALUES = 1 << 18  # of a look that are measured; and of a sample that is kept
JOINED = 4  # first looks at what data are a part of; the other parts are learnt, and another thing later on
EVERY = 16  # first steps that are all measured; then powers of two
FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


class Columns:
    """The inputs of all layers of one run that are fed by data."""

    def __init__(self) -> None:
        self._entries: dict[int, Entry] = {}

    def look(self, slot: Slot, x: Tensor, step: int) -> None:
        """`x`: what `slot` is given at a sketched step."""
        entry = self._entries.get(id(slot))
        if entry is None:
            if len(self._entries) >= MOST:
                return
            entry = self._entries[id(slot)] = Entry(slot)
        x = x if x.ndim else x.reshape(1)
        now_and_then = step < EVERY or step & (step - 1) == 0
        if x.dtype in FLOATS:
            entry.finite.look(x, _axis(slot, x), step)
            if now_and_then:
                entry.sizes.look(x, _axis(slot, x))
        if not entry.samples.differ and (now_and_then or x.device.type == "cpu"):
            entry.samples.look(_samples(slot, x))

    def look_at_indices(self, slot: Slot, x: object, step: int) -> None:
        """The same of whole numbers, which an embedding looks up."""
        if slot.kind not in ("Embedding", "EmbeddingBag") or type(x) is not Tensor or x.dtype not in WHOLE:
            return
        wrapped = x.is_meta or x.layout is not torch.strided or torch._C._functorch.is_functorch_wrapped_tensor(x)
        if x.numel() and not wrapped:
            self.look(slot, x, step)

    def look_at_joined(self, slot: Slot, x: Tensor) -> None:
        """`x`: what layers made, maybe joined with columns of the data, such as embeddings with a table's numbers.

        Of such an input the columns alone are measured: its samples differ, and are finite, by more than the data.
        """
        entry = self._entries.get(id(slot))
        if entry is None:
            if not _joins_data(slot, x) or x.dtype not in FLOATS or len(self._entries) >= MOST:
                return
            entry = self._entries[id(slot)] = Entry(slot, JOINED)
        if entry.joined:
            entry.joined -= 1
            entry.sizes.look(x.detach(), _axis(slot, x))

    def changed(self) -> Iterator[Input]:
        """What was not told before, of layers that have a name by now. Waits for the device."""
        for entry in self._entries.values():
            if entry.slot.name and (line := entry.line()) != entry.told:
                entry.told = line
                yield line


class Entry:
    """One layer, and what it was given."""

    def __init__(self, slot: Slot, joined: int = 0) -> None:
        self.slot = slot
        self.joined = joined  # looks that are left; 0 of what data alone feed
        self.told: Input | None = None
        self.finite = Finite()
        self.samples = Samples()
        self.sizes = Sizes()

    def line(self) -> Input:
        """As the record holds it."""
        bad = self.finite.counts()
        worst = sorted((column for column, count in enumerate(bad) if count), key=lambda column: -bad[column])
        sizes, largest, means = self.sizes.figures()
        return Input(
            self.slot.name,
            tuple(self.finite.bad_steps),
            sum(bad) / (len(bad) * self.finite.values) if any(bad) else None,
            tuple(sorted(worst[:NAMED])),
            (len(worst), len(bad)),
            self.samples.looks,
            self.samples.most,
            self.samples.constant(),
            sizes,
            largest,
            means,
        )


@dataclass
class Finite:
    """Steps with values that are not finite, and where they were."""

    bad_steps: list[int] = field(default_factory=list)
    values: int = 0  # in each column of the look that was counted
    _sums: list[tuple[int, Tensor]] = field(default_factory=list)  # by step: on a device that is not waited for
    _bad: Tensor | None = None  # values that are not finite, by column, of one look

    def look(self, x: Tensor, axis: int, step: int) -> None:
        if x.device.type == "cpu":  # asking costs no wait
            if not math.isfinite(x.sum(dtype=torch.float32 if x.element_size() < 4 else None)):
                bad, values = _count(x, axis)
                if bool(bad.any()):  # else the sum alone grew beyond its range
                    self._note(step)
                    if self._bad is None:
                        self._bad, self.values = bad, values
            return
        self._sums.append((step, x.sum(dtype=torch.float32 if x.device.type == "mps" else torch.float64)))
        if self.bad_steps and self._bad is None:
            self._bad, self.values = _count(x, axis)

    def counts(self) -> list[int]:
        """By column, of the look that was counted; settles what waits on a device."""
        if self._sums:
            one_device = len({total.device for _, total in self._sums}) == 1
            sums = [total for _, total in self._sums]
            values = torch.stack(sums).tolist() if one_device else [float(total) for total in sums]
            for (step, _), value in zip(self._sums, values, strict=True):
                if not math.isfinite(value):
                    self._note(step)
            self._sums.clear()
        return [] if self._bad is None or not self.bad_steps else [int(count) for count in self._bad.tolist()]

    def _note(self, step: int) -> None:
        if len(self.bad_steps) < STEPS and step not in self.bad_steps:
            self.bad_steps.append(step)


@dataclass
class Samples:
    """Whether any sample differs from the first."""

    looks: int = 0
    most: int = 0  # samples in the largest look
    differ: bool = False  # one is known to
    _first: Tensor | None = None
    _same: Tensor | None = None

    def look(self, rows: Tensor) -> None:
        """`rows`: a sample each."""
        if self._first is None:
            self._first = rows[0].clone() if rows.shape[1] <= VALUES else None
        if self._first is None or not _comparable(rows[0], self._first):
            self._found()  # what cannot be compared is taken to differ
            return
        self.looks += 1
        self.most = max(self.most, rows.shape[0])
        same = (rows == self._first).all()
        self._same = same if self._same is None else self._same & same
        if same.device.type == "cpu" and not bool(same):  # asking costs no wait
            self._found()

    def constant(self) -> bool:
        """Whether none did; settles what waits on a device."""
        if self._same is not None and not self.differ and not bool(self._same):
            self._found()
        return self._same is not None and not self.differ

    def _found(self) -> None:
        self.differ, self._first = True, None


@dataclass
class Sizes:
    """Mean, root mean square and largest absolute value of each column."""

    _count: int = 0
    _sums: Tensor | None = None  # (2, columns): of the values, of their squares
    _largest: Tensor | None = None
    _figures: tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]] | None = ((), (), ())

    def look(self, x: Tensor, axis: int) -> None:
        if x.shape[axis] > MEASURED:
            return
        if axis and x.numel() > VALUES:
            x = x[: max(1, VALUES * x.shape[0] // x.numel())]
        columns = _columns(x, axis).to(torch.float32 if x.device.type == "mps" else torch.float64)
        sums = torch.stack([columns.sum(0), columns.square().sum(0)])
        largest = columns.abs().amax(0)
        if self._sums is None or self._largest is None:
            self._sums, self._largest = sums, largest
        elif _comparable(sums, self._sums):
            self._sums, self._largest = self._sums + sums, torch.maximum(self._largest, largest)
        else:
            return
        self._count += columns.shape[0]
        self._figures = None

    def figures(self) -> tuple[tuple[float, ...], tuple[float, ...], tuple[float, ...]]:
        """Sizes, largest, means; none where a value was not finite."""
        if self._figures is None and self._sums is not None and self._largest is not None:
            means, squares = (self._sums / self._count).tolist()
            largest = self._largest.tolist()
            finite = all(map(math.isfinite, (*squares, *largest)))
            self._figures = (tuple(map(math.sqrt, squares)), tuple(largest), tuple(means)) if finite else ((), (), ())
        return self._figures or ((), (), ())


def _comparable(a: Tensor, b: Tensor) -> bool:
    return (a.shape, a.dtype, a.device) == (b.shape, b.dtype, b.device)


def _columns(x: Tensor, axis: int) -> Tensor:
    return x.movedim(axis, -1).reshape(-1, x.shape[axis])


def _count(x: Tensor, axis: int) -> tuple[Tensor, int]:
    """Values of each column that are not finite, and how many there are in one."""
    columns = _columns(x, axis)
    return columns.isfinite().logical_not_().sum(0), columns.shape[0]


def _joins_data(slot: Slot, x: Tensor) -> bool:
    """Whether it was joined along its columns just before, of parts with a gradient and parts without."""
    node = x.grad_fn
    if node is None or node.name() != "CatBackward0":
        return False
    parts = [part is None for part, _ in node.next_functions]
    return any(parts) and not all(parts) and signed(node._saved_dim) % x.ndim == _axis(slot, x)  # type: ignore[attr-defined]


def _axis(slot: Slot, x: Tensor) -> int:
    """Where the layer expects its features or channels."""
    kernel = _kernel(slot)
    if kernel is not None:
        return max(0, x.ndim - len(kernel) - 1)  # of a convolution without a batch the first
    channels_first = slot.channels_first or slot.kind == "convolution"
    return 1 if channels_first and x.ndim > 1 else x.ndim - 1


def _samples(slot: Slot, x: Tensor) -> Tensor:
    """A row for each sample; where time or places may come first, for each of those of each sample."""
    if _kernel(slot) is not None or slot.kind == "convolution" or slot.channels_first:
        return x.flatten(1) if _axis(slot, x) else x.reshape(1, -1)
    if not x.is_floating_point():
        return x.reshape(x.shape[0], -1)
    return x.reshape(-1, x.shape[-1])


def _kernel(slot: Slot) -> tuple[int, ...] | None:
    module = slot.module() if slot.module else None
    kernel = getattr(module, "kernel_size", None)
    return kernel if isinstance(kernel, tuple) else None
