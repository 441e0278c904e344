"""Whose turn it was: samples that are trained on and then held out, and others that are held out and then trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

TIMES = 3  # that a sample was trained on, and turns of its own that it was then left out for
ALONE = 4  # samples of one batch that are all left out: where samples are drawn by chance, one is, but hardly so many


@dataclass
class Turns:
    """Of one sample, as long as the weights are not drawn or loaded anew."""

    since: int = 0  # the step at which they last were
    times: int = 0  # trained on
    first: int = -1  # steps
    last: int = -1
    early: bool = False  # evaluated before it was trained on
    joined: bool = False  # trained on as often as TIMES, after that
    left: bool = False  # evaluated when it was left out, among others of its kind

    def trained(self, step: int, since: int) -> None:
        self._meet(since)
        if not self.times:
            self.first = step
        self.times, self.last = self.times + 1, step
        self.joined |= self.early and self.times >= TIMES

    def evaluated(self, step: int, since: int) -> bool:
        """Whether it was trained on again and again, and then no more."""
        self._meet(since)
        self.early |= not self.times
        turns = self.times - 1
        return turns >= TIMES - 1 and (step - self.last) * turns >= TIMES * max(1, self.last - self.first)

    def _meet(self, since: int) -> None:
        if self.since != since:
            self.since, self.times, self.early = since, 0, False


def take(batch: Sequence[Turns], training: bool, step: int, since: int) -> None:
    """What one batch says of its samples."""
    if training:
        for turns in batch:
            turns.trained(step, since)
        return
    out = [turns.evaluated(step, since) for turns in batch]
    if len(batch) >= ALONE and all(out):
        for turns in batch:
            turns.left = True
