"""An in-memory source of batches: gathers, moves and normalises whole batches, where a data loader goes by samples.

A textbook's `DataLoader` calls `ToTensor` and `Normalize` 60,000 times an epoch; here MNIST takes 469 gathers.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator

import torch
from torch import Tensor

from headstart.errors import HeadstartError
from headstart.train.normalization import Choice, normalization_of


class Batches:
    """Batches (x, y) of tensors held in memory.

    - `x` (n, ...) and `y` (n, ...): the samples and their targets. Classes of any integer type are given as int64.
    - `batch_size`: rows a batch, on each rank. The last batch holds the rest, or is left out with `drop_last`.
    - `shuffle`: a new order each epoch, drawn from `seed` and the epoch's number alone, so that epoch 7 is the same
      whatever came before it, on every rank and after a resume.
    - `device`: where the data is kept and normalised. None: where `x` is; `hs.fit` then moves it to its own device.
    - `normalize`: batches become float32 by (x - mean) / std. "all" computes one mean and std over all values,
      "channel" one per index of dimension 1; a pair (mean, std), numbers or tensors (channels,), is taken as it is,
      in the units of `x`; None leaves the values alone (bytes still become float32). "auto" is "all" for bytes and
      None for anything else. What was chosen is in `.normalize`: give it to the validation set's Batches.
    - `rank`, `world_size`: this process's share; by default torch.distributed's, else torchrun's environment's.

    Every rank gets the same number of batches, and no sample is lost or repeated: batch k of all ranks together is
    rows k·batch_size·world_size and following of the epoch's order, dealt out in turn. Only in the last batch may
    ranks differ, by one row.

    Raises HeadstartError if sizes do not match, or a pair (mean, std) is plainly in other units than `x`.

    Example:
        >>> batches = hs.Batches(images, labels, 64, shuffle=True)
        >>> len(batches)
        8
        >>> x, y = next(iter(batches))
        >>> x.shape, y.shape
        (torch.Size([64, 1, 28, 28]), torch.Size([64]))
    """

    def __init__(
        self,
        x: Tensor,
        y: Tensor,
        batch_size: int,
        *,
        shuffle: bool = False,
        seed: int = 0,
        device: torch.device | str | None = None,
        normalize: Choice = "auto",
        rank: int | None = None,
        world_size: int | None = None,
        drop_last: bool = False,
    ) -> None:
        _check(x, y, batch_size)
        self.x = x if device is None else x.to(device)
        self.y = (y if y.is_floating_point() else y.long()).to(self.x.device)
        self.batch_size = batch_size
        self.shuffle = shuffle
        self.seed = seed
        self.pinned = device is not None  # hs.fit leaves it there
        self.normalize = normalization_of(self.x, normalize)
        self.drop_last = drop_last
        self._rank, self._world_size = rank, world_size
        self._epoch = 0
        self._start = 0  # the first batch of the next iteration; not 0 only after load_state_dict
        self._given = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        """One epoch, or what is left of the one whose state was loaded."""
        order, start = self._order(), self._start
        self._start = self._given = 0
        for batch, share in enumerate(self._shares()[start:], start):
            self._given = batch + 1
            rows = order[share]
            yield self.normalized(self.x.index_select(0, rows)), self.y.index_select(0, rows)
        self._epoch, self._given = self._epoch + 1, 0

    def __len__(self) -> int:
        """Batches an epoch: the same on each rank."""
        per_rank = len(self.x) // self.world_size
        batches = per_rank // self.batch_size if self.drop_last else math.ceil(per_rank / self.batch_size)
        if batches == 0:
            raise HeadstartError(
                f"{len(self.x)} samples are too few for {self.world_size} ranks with batch_size={self.batch_size}",
                "Give a smaller batch_size, or fewer ranks",
            )
        return batches

    @property
    def rank(self) -> int:
        return self._rank if self._rank is not None else _distributed("RANK", 0)

    @property
    def world_size(self) -> int:
        return self._world_size if self._world_size is not None else _distributed("WORLD_SIZE", 1)

    def set_epoch(self, epoch: int) -> None:
        """Goes to the start of an epoch; without it, each iteration that ends moves on to the next."""
        self._epoch, self._start, self._given = epoch, 0, 0

    def state_dict(self) -> dict[str, int]:
        """The position: with the seed, all that it takes to go on."""
        return {"epoch": self._epoch, "batch": self._given, "seed": self.seed}

    def load_state_dict(self, state: dict[str, int]) -> None:
        """Lets the next iteration give the batches that were still to come."""
        self._epoch, self._start, self.seed = state["epoch"], state["batch"], state["seed"]

    def to(self, device: torch.device | str) -> Batches:
        """Moves the data, in place."""
        self.x, self.y = self.x.to(device), self.y.to(device)
        self.normalize = self.normalize and self.normalize.to(device)
        return self

    def normalized(self, x: Tensor) -> Tensor:
        """What a batch (rows, ...) of raw `x` is given as."""
        if self.normalize is not None:
            return self.normalize(x)
        return x.float() if x.dtype == torch.uint8 else x

    def _order(self) -> Tensor:
        """This epoch's rows, the same on every rank; drawn on the CPU, so that all devices get the same."""
        if not self.shuffle:
            return torch.arange(len(self.x), device=self.x.device)
        generator = torch.Generator().manual_seed((self.seed * 1_000_003 + self._epoch) % 2**63)
        return torch.randperm(len(self.x), generator=generator).to(self.x.device)

    def _shares(self) -> list[slice]:
        """This rank's part of each batch of all ranks; the last one takes the rows that could not be dealt evenly."""
        rank, world_size, batches = self.rank, self.world_size, len(self)
        stride = self.batch_size * world_size
        stops = [stride * (batch + 1) for batch in range(batches)]
        if not self.drop_last:
            stops[-1] = len(self.x)
        return [slice(stride * batch + rank, stop, world_size) for batch, stop in enumerate(stops)]


def _check(x: Tensor, y: Tensor, batch_size: int) -> None:
    if len(x) != len(y) or len(x) == 0:
        raise HeadstartError(
            f"x holds {len(x)} samples and y {len(y)} targets", "Give one target for each sample, and at least one"
        )
    if batch_size < 1:
        raise HeadstartError(f"batch_size is {batch_size}", "Give 1 or more; 128 is a sound start")


def _distributed(variable: str, alone: int) -> int:
    """Of torch.distributed where it runs, else of the environment that torchrun sets."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank() if variable == "RANK" else torch.distributed.get_world_size()
    return int(os.environ.get(variable, alone))
