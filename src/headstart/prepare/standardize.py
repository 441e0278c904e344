"""Mean 0 and standard deviation 1 for every channel or feature: the first thing a network's input needs."""

from __future__ import annotations

import torch
from torch import Tensor

from headstart.prepare.layout import Layout, Per
from headstart.prepare.preprocess import Transform, like
from headstart.prepare.stats import Stats


class Standardize(Transform):
    """y = (x - mean) / std, with the mean and pooled std of each column of the data it was fitted to.

    per               "channel" or "feature" (each number of a sample), as in `hs.measure`
    axis              that of the channels in a batch; None: 1
    ignore_nonfinite  leave NaN and infinity out when fitting, instead of refusing them

    A constant column is shifted to 0 and not divided (LeCun et al. 1998, "Efficient BackProp", §4.3, for the rest).
    Raises HeadstartError for data that are not finite, and when used before it is fitted.

    Example:
        >>> whole = nn.Sequential(hs.Standardize().fit(images), model)
        >>> inputs = whole[0](images)
        >>> round(inputs.mean().item(), 4), round(inputs.std().item(), 4)
        (0.0, 1.0)
    """

    std: Tensor

    def __init__(self, per: Per = "channel", axis: int | None = None, ignore_nonfinite: bool = False) -> None:
        super().__init__()
        Layout(per, axis)
        self.per, self.axis, self.ignore_nonfinite = per, axis, ignore_nonfinite
        self.register_buffer("mean", torch.empty(0))
        self.register_buffer("std", torch.empty(0))

    def forward(self, x: Tensor) -> Tensor:
        return like(x, (self._numbers(x) - self.mean) / self.std)

    def inverse(self, y: Tensor) -> Tensor:
        return like(y, self._numbers(y) * self.std + self.mean)

    def _solve(self, stats: Stats) -> dict[str, Tensor]:
        std = torch.where(stats.constant, 1.0, stats.std)
        return {"mean": stats.mean.view(stats.shape), "std": std.view(stats.shape)}
