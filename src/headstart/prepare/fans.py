"""Fans: how many inputs make one output value, and how many outputs one input value reaches."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from headstart.errors import HeadstartError


@dataclass(frozen=True)
class Fans:
    """Number of weights that meet in one output value (`n_in`) and that one input value meets (`n_out`)."""

    n_in: float
    n_out: float


def fans(weight: Tensor, module: nn.Module | None = None, *, parts: int = 1) -> Fans:
    """The fans of a weight of 2 or more dimensions, (out, in, *kernel), as `module` uses it.

    `torch.nn.init` does not look at the module, so it counts a depthwise convolution's n_out `groups` times too large,
    swaps the two for a transposed convolution, and ignores the stride. `parts` matrices that are stacked into one
    weight, as q, k and v or the gates of an LSTM, are counted one by one. Raises HeadstartError for fewer dimensions.
    """
    shape = tuple(weight.shape)
    if len(shape) < 2:
        raise HeadstartError(f"a tensor of shape {shape} has no fans", "pass a weight of 2 or more dimensions")
    if isinstance(module, _ConvNd):
        return of_convolution(shape, module.stride, module.transposed, module.groups)
    kernel = math.prod(shape[2:])
    return Fans(shape[1] * kernel, shape[0] * kernel / parts)


def of_convolution(shape: tuple[int, ...], stride: tuple[int, ...], transposed: bool, groups: int) -> Fans:
    """Of a kernel (out, in/groups, *size), or (in, out/groups, *size) if transposed, away from the image's border."""
    size, steps = math.prod(shape[2:]), math.prod(stride)
    if transposed:  # an output value meets every stride-th tap
        return Fans(shape[0] / groups * size / steps, shape[1] * size)
    return Fans(shape[1] * size, shape[0] / groups * size / steps)
