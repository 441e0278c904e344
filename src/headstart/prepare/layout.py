"""How a batch lies: which of its numbers belong to one column (channel, feature or place in a patch)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from torch import Tensor

from headstart.errors import HeadstartError

Per = Literal["channel", "feature", "patch"]

COLOURS = (1, 3, 4)  # grey, RGB, RGBA


@dataclass(frozen=True)
class Layout:
    """What a column is: `per` channel, feature (each number of a sample) or patch (`patch` x `patch` pixels).

    `axis` is the channels' axis of a batch whose axis 0 counts samples; None takes axis 1, or, for 3-d batches, one
    grey channel.
    """

    per: Per = "channel"
    axis: int | None = None
    patch: int = 2

    def __post_init__(self) -> None:
        if self.per not in get_args(Per):
            raise HeadstartError(f"per={self.per!r} is not known", f"Use one of {', '.join(get_args(Per))}")
        if self.patch < 1:
            raise HeadstartError(f"patch={self.patch} is no size of a patch", "Use 1 or more pixels")

    def columns(self, batch: Tensor) -> Tensor:
        """(N, ...) as (N, C, L): C columns, L values of each in a sample; a view where that can be."""
        if self.per == "feature":
            return batch.reshape(len(batch), -1, 1)
        images = self._channels_first(batch)
        if self.per == "patch":
            return self._patches(images)
        return images.flatten(2) if images.ndim > 2 else images.unsqueeze(2)

    def shape(self, batch: Tensor) -> tuple[int, ...]:
        """How a column's figure lies against one sample of `batch`; (C, patch, patch) for patches."""
        if self.per == "feature":
            return tuple(batch.shape[1:])
        axis = self._axis(batch)
        if self.per == "patch":
            return (1 if axis is None else batch.shape[axis], self.patch, self.patch)
        return tuple(size if place == axis else 1 for place, size in enumerate(batch.shape))[1:]

    def _channels_first(self, batch: Tensor) -> Tensor:
        axis = self._axis(batch)
        return batch.unsqueeze(1) if axis is None else batch.movedim(axis, 1)

    def _axis(self, batch: Tensor) -> int | None:
        if self.axis is not None:
            return self._checked(self.axis, batch)
        if batch.ndim in (1, 3):
            return None
        if batch.ndim == 4 and batch.shape[3] in COLOURS and batch.shape[1] not in COLOURS:
            raise HeadstartError(
                f"Images of shape {tuple(batch.shape[1:])} seem to have their channels last, not in axis 1",
                "Say axis=-1, or axis=1 if that is right",
            )
        return 1

    def _checked(self, axis: int, batch: Tensor) -> int:
        if not -batch.ndim < axis < batch.ndim or axis == 0:
            raise HeadstartError(
                f"axis={axis} cannot hold the channels of batches of shape {tuple(batch.shape)}",
                "Axis 0 counts samples; name one of the others",
            )
        return axis % batch.ndim

    def _patches(self, images: Tensor) -> Tensor:
        if images.ndim != 4 or min(images.shape[2:]) < self.patch:
            raise HeadstartError(
                f"{self.patch}x{self.patch} patches cannot be cut from samples of shape {tuple(images.shape[1:])}",
                "Give images (N, C, H, W) that are no smaller than a patch",
            )
        windows = images.unfold(2, self.patch, 1).unfold(3, self.patch, 1)  # (N, C, H', W', patch, patch)
        return windows.permute(0, 1, 4, 5, 2, 3).flatten(1, 3).flatten(2)
