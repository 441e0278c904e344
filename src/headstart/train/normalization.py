"""Mean and standard deviation of a tensor in memory, and the normalisation that they make."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.train.choices import one_of

CHUNK = 1 << 22  # values turned into float64 at a time: 32 MiB


@dataclass(frozen=True)
class Normalization:
    """(x - mean) / std, with both in the units of x: scalars (), or one value per index of dimension 1."""

    mean: Tensor  # float32, () or (channels,)
    std: Tensor  # float32, () or (channels,)

    def __call__(self, x: Tensor) -> Tensor:
        """Takes x (rows, channels, ...) of any type, gives float32; two passes in place over one new tensor."""
        shape = (-1,) + (1,) * (x.ndim - 2) if self.mean.ndim else ()
        return x.to(torch.float32, copy=True).sub_(self.mean.view(shape)).div_(self.std.view(shape))

    def to(self, device: torch.device | str) -> Normalization:
        return Normalization(self.mean.to(device), self.std.to(device))


Choice = Literal["auto", "all", "channel"] | tuple[Tensor | float, Tensor | float] | Normalization | None


def normalization_of(x: Tensor, choice: Choice) -> Normalization | None:
    """From the choice that the user of Batches made."""
    if choice == "auto":
        choice = "all" if x.dtype == torch.uint8 else None
    if choice is None or isinstance(choice, Normalization):
        return choice and choice.to(x.device)
    if isinstance(choice, str):
        return _computed(x, one_of("normalize", choice, ("auto", "all", "channel")))
    mean, std = (torch.as_tensor(value, dtype=torch.float32, device=x.device) for value in choice)
    return _checked(x, mean, std)


def mean_and_std(x: Tensor) -> tuple[float, float]:
    """Population mean and standard deviation of all values, in float64.

    Bytes are counted rather than summed: exact, and three times as fast.
    """
    if x.dtype == torch.uint8:
        counts = torch.bincount(x.reshape(-1), minlength=256).double()
        values = torch.arange(256, dtype=torch.float64, device=x.device)
        mean = (counts @ values) / counts.sum()
        return float(mean), float((counts @ (values - mean).square() / counts.sum()).sqrt())
    parts = torch.split(x.reshape(-1), CHUNK)
    average = sum(float(part.double().sum()) for part in parts) / x.numel()
    square = sum(float((part.double() - average).square().sum()) for part in parts)
    return average, math.sqrt(square / x.numel())


def _computed(x: Tensor, choice: str) -> Normalization:
    if choice == "channel" and x.ndim < 2:
        raise HeadstartError(f"x of shape {tuple(x.shape)} has no channels", 'Give normalize="all"')
    channels = x.unbind(1) if choice == "channel" else (x,)
    pairs = torch.tensor([mean_and_std(channel) for channel in channels])
    pairs[:, 1] = torch.where(pairs[:, 1] > 0, pairs[:, 1], 1.0)  # a constant channel becomes 0, not NaN
    mean, std = pairs.to(x.device).unbind(1)
    return Normalization(mean, std) if choice == "channel" else Normalization(mean[0], std[0])


def _checked(x: Tensor, mean: Tensor, std: Tensor) -> Normalization:
    if mean.ndim > 1 or mean.shape != std.shape or (mean.ndim == 1 and mean.shape[0] != x.shape[1]):
        raise HeadstartError(
            f"normalize has a mean of shape {tuple(mean.shape)} and a std of shape {tuple(std.shape)}, "
            f"for x of shape {tuple(x.shape)}",
            "Give two numbers, or two tensors with one value per index of dimension 1",
        )
    if not bool((std > 0).all()):
        raise HeadstartError(f"normalize has a std of {std.tolist()}", "Give one above 0")
    if x.dtype == torch.uint8 and bool((mean.abs() <= 1).all()) and bool((std <= 1).all()) and int(x.max()) > 1:
        raise HeadstartError(
            f"normalize=({mean.tolist()}, {std.tolist()}) is for values from 0 to 1, but x holds bytes up to "
            f"{int(x.max())}",
            "Multiply both by 255, or leave normalize out to have them computed",
        )
    return Normalization(mean, std)
