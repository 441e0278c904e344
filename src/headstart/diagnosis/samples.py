"""What the samples that are kept of a model say of how they were drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from headstart.record import Samples

FIRST = 0.9  # of the samples, before which none comes again


@dataclass(frozen=True)
class Drawn:
    """The kept samples of one model."""

    trained: Sequence[tuple[int, int, int]]  # of each: times trained, first step, second step (-1: none)
    evaluated: int  # of the trained ones also without gradients

    @classmethod
    def of(cls, samples: Samples) -> Drawn:
        trained = [(times, first, second) for _, times, first, second, _ in samples.kept if times]
        return cls(trained, sum(1 for _, times, _, _, evaluated in samples.kept if times and evaluated))

    @property
    def again(self) -> float:
        """The share that was trained on twice or more."""
        return sum(times > 1 for times, _, _ in self.trained) / len(self.trained) if self.trained else 0.0

    @property
    def by_chance(self) -> float:
        """The share that is the same as another sample of the set, roughly.

        Epochs give no sample a second time before all samples have come for the first; all but a few, for an epoch may
        drop its last ones. What has come again before that, in another step, are samples that are alike, or drawn with
        replacement: of all such pairs those of which both are among the first.
        """
        if not self.trained:
            return 0.0
        firsts = sorted(first for _, first, _ in self.trained)
        most = firsts[int(FIRST * (len(firsts) - 1))]
        pairs = sum(first < second <= most for _, first, second in self.trained) / FIRST**2
        return min(1.0, 2 * pairs / (len(firsts) + pairs))
