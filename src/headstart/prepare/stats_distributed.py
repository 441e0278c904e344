"""Statistics over the processes of `torch.distributed`: two rounds of sums, so memory does not grow with ranks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.prepare.stats import Joint, Stats

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup


def all_reduce(stats: Stats, group: ProcessGroup | None = None) -> Stats:
    """The pooled statistics of all ranks, equal on each.

    The first round finds the common mean, the second adds each rank's squares about it: the deviations are small
    there, so nothing cancels.
    """
    if not (dist.is_available() and dist.is_initialized()):
        raise HeadstartError(
            "torch.distributed is not initialised", "Call torch.distributed.init_process_group first, or merge with +"
        )
    over = _Over(group)
    count = over.sum(stats.count)
    mean = over.sum(stats.count * stats.mean) / count.clamp(min=1)
    return replace(
        stats,
        samples=int(over.sum(torch.tensor(stats.samples))),
        count=count,
        nonfinite=over.sum(stats.nonfinite),
        mean=mean,
        squares=over.sum(stats.squares + stats.count * (stats.mean - mean).square()),
        minimum=-over.max(-stats.minimum),
        maximum=over.max(stats.maximum),
        images=over.sum(stats.images),
        image_stds=over.sum(stats.image_stds),
        joint=stats.joint and _joint(stats.joint, over),
    )


def _joint(joint: Joint, over: _Over) -> Joint:
    rows = int(over.sum(torch.tensor(joint.rows)))
    mean = over.sum(joint.rows * joint.mean) / max(rows, 1)
    return Joint(rows, mean, over.sum(joint.about(mean)))


class _Over:
    """All-reduce of CPU tensors over a group whose backend may want them on a GPU (NCCL)."""

    def __init__(self, group: ProcessGroup | None) -> None:
        self.group = group
        self.device = "cuda" if dist.get_backend(group) == "nccl" else "cpu"

    def sum(self, value: Tensor) -> Tensor:
        return self._reduce(value, dist.ReduceOp.SUM)

    def max(self, value: Tensor) -> Tensor:
        return self._reduce(value, dist.ReduceOp.MAX)

    def _reduce(self, value: Tensor, how: dist.ReduceOp.RedOpType) -> Tensor:
        there = value.to(self.device, copy=True)  # all_reduce writes in place, and Stats are values
        dist.all_reduce(there, how, self.group)
        return there.cpu()
