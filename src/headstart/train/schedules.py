"""Learning-rate schedules as pure functions: the share of the full rate at a step. There is no state to save."""

from __future__ import annotations

import math
from collections.abc import Callable

from headstart.train.choices import one_of

Schedule = Callable[[int, int], float]  # (step from 0, number of steps) to a factor of lr

WARM_UP = 0.3  # of the steps; with the two below torch's defaults for OneCycleLR, after Smith and Topin 2018
START = 1 / 25  # of the full rate
END = START / 1e4


def constant(step: int, steps: int) -> float:
    return 1.0


def cosine(step: int, steps: int) -> float:
    """Half a cosine from 1 down to (almost) 0; Loshchilov and Hutter 2017, eq. 5, without restarts."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


def onecycle(step: int, steps: int) -> float:
    """Up from 1/25 in the first 30 % of the steps, then down to almost 0, both along half a cosine.

    Momentum is left alone, where the paper lowers it while the rate is high.
    """
    peak = WARM_UP * steps - 1
    if step <= peak:
        return _anneal(START, 1.0, step / peak)
    return _anneal(1.0, END, (step - peak) / (steps - 1 - peak)) if steps > 1 else 1.0


def schedule_of(choice: str | Schedule | None) -> Schedule:
    """A name, None for a constant rate, or any function (step, steps) -> factor."""
    if choice is None:
        return constant
    if callable(choice):
        return choice
    named: dict[str, Schedule] = {"cosine": cosine, "onecycle": onecycle, "constant": constant}
    return named[one_of("schedule", choice, named)]


def _anneal(start: float, end: float, share: float) -> float:
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * share))
