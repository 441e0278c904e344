"""One pass over data of any size and kind to its `Stats`; memory does not grow with the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.prepare.layout import Layout, Per
from headstart.prepare.moments import Moments, moments, one_thread, scatter
from headstart.prepare.sources import batches
from headstart.prepare.stats import Stats, pool

MAX_COLUMNS = 2**14  # of a covariance: 2 GiB of float64


def measure(
    data: Any,
    *,
    per: Per = "channel",
    axis: int | None = None,
    patch: int = 2,
    covariance: bool = False,
    scale: float | None = None,
    progress: Callable[[int], None] | None = None,
) -> Stats:
    """Measure `data` in one pass.

    data      a tensor, NumPy array or memmap (N, ...), a DataLoader or any iterable of batches (of a pair, the first
              is taken), a map-style Dataset, a folder of images or an .npy file
    per       "channel", "feature" (each number of a sample) or "patch" (every `patch` x `patch` window)
    axis      that of the channels; None: 1, and samples of two axes are grey images
    patch     pixels of a patch's side
    covariance  measure how the columns vary together, too, of 16,384 at most
    scale     every value is multiplied by it; None: 1/255 for uint8, as torchvision's ToTensor does, else 1
    progress  called after each batch with the samples seen so far

    Raises HeadstartError for data that are empty, of changing shape, complex or sparse, and for bad images.

    Example:
        >>> stats = hs.measure(hs.mnist().train_images.unsqueeze(1))
        >>> round(stats.mean.item(), 4), round(stats.std.item(), 4)
        (0.1307, 0.3081)
    """
    layout = Layout(per, axis, patch)
    total: Stats | None = None
    for batch in batches(data):
        part = _measured(_usable(batch), layout, covariance, scale)
        total = part if total is None else total + part
        if progress is not None:
            progress(total.samples)
    if total is None or total.samples == 0:
        raise HeadstartError("There is nothing to measure: the data hold no samples", "Check the path or the loader")
    return total


def _usable(batch: Tensor) -> Tensor:
    if batch.dtype.is_complex or batch.layout != torch.strided or batch.device.type == "meta":
        kind = f"{batch.dtype}, {batch.layout}, on {batch.device}".replace("torch.", "")
        raise HeadstartError(f"A batch of {kind} cannot be measured", "Give real numbers in a dense tensor")
    if batch.ndim == 0:
        raise HeadstartError("A batch is a single number", "Give batches (N, ...), whose axis 0 counts samples")
    return batch.detach().cpu() if batch.device.type == "mps" else batch.detach()  # mps has no float64


@torch.no_grad()
def _measured(batch: Tensor, layout: Layout, covariance: bool, scale: float | None) -> Stats:
    shape = layout.shape(batch)
    columns = torch.Size(shape).numel()
    if covariance and columns > MAX_COLUMNS:
        raise HeadstartError(
            f"A covariance of {columns} columns does not fit in memory",
            f"Measure per channel or patch, or at most {MAX_COLUMNS} features",
        )
    stats = Stats.empty(shape, covariance=covariance)
    if batch.numel():
        own_std = layout.per == "channel" and batch[0].numel() > columns  # then a group is one image
        with one_thread():
            stats = _pooled(stats, len(batch), moments(batch, layout), own_std=own_std)
    if batch.numel() and covariance:
        joint = scatter(batch, layout, stats.mean, gapless=not bool(stats.nonfinite.any()))
        stats = replace(stats, joint=joint)
    if scale is None:
        scale = 1 / 255 if batch.dtype == torch.uint8 else 1.0
    return stats if scale == 1.0 else stats.scaled(scale)


def _pooled(empty: Stats, samples: int, groups: Moments, *, own_std: bool) -> Stats:
    count, mean, squares = pool(groups.count, groups.mean, groups.squares)
    stats = replace(
        empty,
        samples=samples,
        count=count,
        nonfinite=groups.nonfinite.sum(0),
        mean=mean,
        squares=squares,
        minimum=groups.minimum.amin(0),
        maximum=groups.maximum.amax(0),
    )
    if not own_std:
        return stats
    stds = (groups.squares / groups.count.clamp(min=1)).sqrt().sum(0)
    return replace(stats, images=(groups.count > 0).sum(0), image_stds=stds)
