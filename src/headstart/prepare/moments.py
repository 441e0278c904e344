"""The numeric core of `measure`: one batch's mean, squared deviations, extremes and scatter, exact and fast.

Data are cut into blocks that fit the processor's cache. In a block each column is shifted to about its mean before
anything is squared, so nothing cancels; sums of at most `SHORT` shifted terms are taken in float32 and added in
float64. For uint8 that is exact integer arithmetic all the way. Wider types are float64 throughout.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from headstart.prepare.layout import Layout
from headstart.prepare.stats import Joint

BLOCK = 2**20  # values: 4 MiB of float32, read five times in the cache; measured best of 2**16 to 2**21
SHORT = 1024  # terms: |x - 128| <= 128 for uint8, and 1024 * 128**2 = 2**24 is the last of float32's exact integers
NARROW = (
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.bool,
    torch.float16,
    torch.bfloat16,
    torch.float32,
)  # fit float32
TINY = 1e-15  # a span whose square could fall below float32's smallest normal number, 1.2e-38
ABREAST = 512  # values: with fewer in a row, reducing over rows is several times slower
WIDE = 32  # columns from which float32 products pay; below, float64 is as fast, and exact for uint8 as well


@dataclass(frozen=True)
class Moments:
    """Of K groups of values in C columns, each field (K, C): a group is one image, or a block of single values."""

    count: Tensor
    mean: Tensor
    squares: Tensor
    minimum: Tensor
    maximum: Tensor
    nonfinite: Tensor

    @property
    def sound(self) -> bool:
        """False where float32 could not hold the squares, or a value is not finite."""
        span = self.maximum - self.minimum
        good = self.squares.isfinite() & span.isfinite() & ((span == 0) | (span > TINY))
        return bool(good.all())


def moments(batch: Tensor, layout: Layout) -> Moments:
    """The groups of one batch (N, ...), on the CPU."""
    quick = _quick(batch, layout)
    return quick if quick.sound else _careful(batch, layout)


@contextmanager
def one_thread() -> Iterator[None]:
    """For many small operations, in each of which a team of threads waits for its slowest member.

    That is 10 ms where another process keeps a core busy (on two such cores measuring took ten times as long), and on
    an idle machine two threads gain a third for images and lose a third for tables.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def scatter(batch: Tensor, layout: Layout, mean: Tensor, *, gapless: bool) -> Joint:
    """How the columns of one batch vary together; `mean` (C,) is about theirs, `gapless` says that all is finite."""
    exact = batch.dtype == torch.uint8 and len(mean) >= WIDE
    centre = torch.full_like(mean, 128.0) if exact else mean
    shift = centre.to(batch.device, torch.float32 if exact else torch.float64)
    sums = torch.zeros_like(shift, dtype=torch.float64)
    products = sums.new_zeros(len(mean), len(mean))
    rows = 0
    for block in _blocks(batch):
        values = layout.columns(block).transpose(1, 2).flatten(0, 1).to(shift.dtype)
        if not gapless:
            values = values[values.isfinite().all(1)]
        rows += len(values)
        for part in _parts(values - shift, SHORT if exact else max(len(values), 1)):
            sums += part.sum(0)
            products += part.T @ part
    offset = sums / max(rows, 1)
    return Joint(rows, centre + offset.cpu(), (products - rows * torch.outer(offset, offset)).cpu())


def _blocks(batch: Tensor) -> Iterator[Tensor]:
    """At most `SHORT` samples each, and at least 16, for the calls on a block cost as much as some 30,000 values."""
    yield from _parts(batch, min(max(BLOCK // max(batch[0].numel(), 1), 16), SHORT))


def _parts(rows: Tensor, size: int) -> Iterator[Tensor]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _grouped(block: Tensor, layout: Layout) -> tuple[Tensor, int]:
    """The block as (K, C, L) with the axis to reduce, 2; or as it lies, where the columns lie side by side.

    That is (1, N, C) with axis 1 where L is 1, and (K, L, C) with axis 1 for images whose channels come last.
    """
    x = layout.columns(block)
    if x.shape[2] == 1:
        return x.squeeze(2).unsqueeze(0), 1
    side_by_side = x.stride(1) == 1 and x.stride(2) == x.shape[1] > 1
    return (x.transpose(1, 2), 1) if side_by_side else (x, 2)


def _quick(batch: Tensor, layout: Layout) -> Moments:
    """For finite values of ordinary size."""
    scratch = batch.new_empty(0, dtype=torch.float32 if batch.dtype in NARROW else torch.float64)
    groups = [_shifted_sums(*_grouped(block, layout), scratch) for block in _blocks(batch)]
    n, shift, first, second, minimum, maximum = (
        torch.cat(parts).double().cpu() for parts in zip(*groups, strict=True)
    )
    offset = first / n
    return Moments(
        n.long(),
        shift + offset,
        (second - n * offset.square()).clamp(min=0),
        minimum,
        maximum,
        torch.zeros_like(n, dtype=torch.int64),
    )


def _shifted_sums(x: Tensor, axis: int, scratch: Tensor) -> tuple[Tensor, ...]:
    """For each group: n, a shift, the sums of (x - shift) and of its square, minimum, maximum; each (K, C)."""
    n, columns = x.shape[axis], x.shape[3 - axis]
    x, folds = _folded(x, axis)
    values = x if x.dtype == scratch.dtype else scratch.resize_(x.shape).copy_(x)
    extremes = x if x.dtype == torch.uint8 else values  # one byte each is read, not four
    low, high = extremes.amin(axis), extremes.amax(axis)
    # 128 keeps uint8 exact; any other shift may be rounded, for what it leaves is in the first sum
    whole = x.dtype == torch.uint8
    shift = (
        torch.full_like(low, 128.0, dtype=scratch.dtype)
        if whole
        else (_unfolded(_sum(values, axis), folds).sum(1) / n).to(values.dtype).repeat(1, folds)
    )
    gap = torch.sub(values, shift.unsqueeze(axis), out=scratch.resize_(x.shape))
    first = _unfolded(_sum(gap, axis), folds).sum(1)
    second = _unfolded(_sum(gap.square_(), axis), folds).sum(1)
    low, high = _unfolded(low, folds).amin(1), _unfolded(high, folds).amax(1)
    return torch.full_like(first, n), shift[:, :columns], first, second, low, high


def _folded(x: Tensor, axis: int) -> tuple[Tensor, int]:
    """A few columns side by side, (K, L, C), as many: (K, L / folds, folds * C); a row of 3 values fills no register."""
    if axis == 2 or x.shape[2] >= ABREAST or not x.is_contiguous():
        return x, 1
    folds = next(size for size in range(ABREAST // x.shape[2], 0, -1) if x.shape[1] % size == 0)
    return x.view(len(x), x.shape[1] // folds, folds * x.shape[2]), folds


def _unfolded(figures: Tensor, folds: int) -> Tensor:
    """A figure of each folded column, (K, folds * C), as (K, folds, C)."""
    return figures.view(len(figures), folds, -1)


def _sum(x: Tensor, axis: int) -> Tensor:
    """In float64; of float32 at most `SHORT` terms are added before that."""
    n = x.shape[axis]
    if x.dtype == torch.float64 or n <= SHORT:
        return x.sum(axis).double()
    run = next(size for size in range(SHORT, 0, -1) if n % size == 0)
    shape = (*x.shape[:axis], n // run, run, *x.shape[axis + 1 :])
    return x.reshape(shape).sum(axis + 1).double().sum(axis)


def _careful(batch: Tensor, layout: Layout) -> Moments:
    """In float64 throughout, leaving out what is not finite."""
    groups = [_finite_moments(*_grouped(block, layout)) for block in _blocks(batch)]
    return Moments(*(torch.cat(parts).cpu() for parts in zip(*groups, strict=True)))


def _finite_moments(x: Tensor, axis: int) -> tuple[Tensor, ...]:
    x = x.double()
    finite = x.isfinite()
    count = finite.sum(axis)
    mean = torch.where(finite, x, 0.0).sum(axis) / count.clamp(min=1)
    gap = torch.where(finite, x - mean.unsqueeze(axis), 0.0)
    low, high = torch.where(finite, x, torch.inf).amin(axis), torch.where(finite, x, -torch.inf).amax(axis)
    return count, mean, gap.square().sum(axis), low, high, x.shape[axis] - count
