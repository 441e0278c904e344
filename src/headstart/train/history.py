"""What a fit gave: frozen values, one an epoch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Score:
    """Of one pass over data: the mean over samples, not over batches."""

    loss: float
    accuracy: float | None = None  # share of right classes; None where the targets are no classes

    def __str__(self) -> str:
        return f"loss {self.loss:.4f}" + ("" if self.accuracy is None else f"  accuracy {self.accuracy:.2%}")


@dataclass(frozen=True)
class Epoch:
    """Training figures are those of the epoch's own batches, as the weights were when each was seen."""

    epoch: int  # from 1
    loss: float
    accuracy: float | None
    valid_loss: float | None
    valid_accuracy: float | None
    lr: float  # at the epoch's last step
    seconds: float  # of training and validation

    def __str__(self) -> str:
        line = f"epoch {self.epoch:>3}   {Score(self.loss, self.accuracy)}"
        if self.valid_loss is not None:
            line += f"   valid {Score(self.valid_loss, self.valid_accuracy)}"
        return line + f"   lr {self.lr:.1e}   {self.seconds:.1f} s"


@dataclass(frozen=True)
class History:
    """All epochs of a fit, those before a resume as well. Prints as a table."""

    epochs: tuple[Epoch, ...] = ()
    record: Path | None = None  # of the watch; give it to hs.diagnose

    @property
    def path(self) -> Path | None:
        """The record, under the name by which `hs.diagnose` asks for it."""
        return self.record

    def __len__(self) -> int:
        return len(self.epochs)

    def __iter__(self) -> Iterator[Epoch]:
        return iter(self.epochs)

    def __getitem__(self, index: int) -> Epoch:
        return self.epochs[index]

    def __str__(self) -> str:
        return "\n".join(str(epoch) for epoch in self.epochs)
