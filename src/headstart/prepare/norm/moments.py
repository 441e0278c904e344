"""Count, mean and variance per channel as a value that merges: what any split of a data set can be folded into."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor


@dataclass(frozen=True)
class Moments:
    """Population moments of each channel. `merge` is commutative and associative but for rounding, in float64."""

    count: int  # values per channel
    mean: Tensor  # (C,)
    var: Tensor  # (C,), divided by `count`

    @classmethod
    def of(cls, x: Tensor) -> Moments:
        """The moments of `x`, shape (N, C, ...), over all axes but the second."""
        wide = x.detach().to(torch.float32 if x.device.type == "mps" else torch.float64)  # mps has no float64
        axes = (0, *range(2, x.ndim))
        mean = wide.mean(axes, keepdim=True)
        var = (wide - mean).square_().mean(axes)  # in two passes: as exact as torch.var, and 2 to 4 times as fast
        return cls(x.numel() // x.shape[1], mean.flatten(), var)

    def merge(self, other: Moments) -> Moments:
        """The moments of both sets together, by the law of total variance: mean of variances + variance of means."""
        count = self.count + other.count
        share = other.count / count
        gap = other.mean - self.mean
        within = (1 - share) * self.var + share * other.var
        return Moments(count, self.mean + share * gap, within + share * (1 - share) * gap.square())

    def over_ranks(self) -> Moments:
        """The moments over all ranks of the default process group; every rank must call it."""
        mine = (self.count, self.mean.cpu(), self.var.cpu())
        every: list[tuple[int, Tensor, Tensor]] = [mine] * dist.get_world_size()
        dist.all_gather_object(every, mine)
        total, *rest = (Moments(*moments) for moments in every)
        for moments in rest:
            total = total.merge(moments)
        return total
