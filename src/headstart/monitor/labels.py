"""What the numbers that a loss is given as targets are like: their range, and what lies beyond the output's reach.

Everything stays on the targets' device until it is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

LOOKS = 64  # backwards whose targets are looked at: one after the other they are much alike
VALUES = 8192  # targets of one of them, at most
COUNTED = 64  # whole numbers 0, 1, ... that are counted
SIGNS = ("cosine_embedding_loss", "hinge_embedding_loss", "margin_ranking_loss", "soft_margin_loss")  # of 1 and -1
TOUCH = 1e-4  # beyond the reach by less, as a share of the targets' own range, is rounding


@dataclass(frozen=True)
class Reach:
    """What the output can be."""

    low: float  # -inf: it has no bound
    high: float


class Labels:
    """The targets of one loss function."""

    def __init__(self, kind: str, options: Mapping[str, Any], reach: Reach | None) -> None:
        self._kind, self._options, self._reach = kind, options, reach
        self._looks = 0
        self._least: Tensor | None = None
        self._most: Tensor | None = None
        self._beyond: Tensor | None = None  # (2,): the share beyond the reach, the mean loss that is left; summed
        self._counts: Tensor | None = None  # (COUNTED + 1,): the last counts what is no such number

    def look(self, rows: Tensor) -> None:
        """`rows`: (rows, columns) targets of one backward."""
        if self._looks >= LOOKS:
            return
        self._looks += 1
        values = rows.reshape(-1)
        values = values[:: 1 + 2 * (values.numel() // (2 * VALUES))]
        least, most = values.aminmax()
        self._least = least if self._least is None else torch.minimum(self._least, least)
        self._most = most if self._most is None else torch.maximum(self._most, most)
        if self._reach is not None or self._kind in SIGNS:
            beyond = _no_signs(values) if self._reach is None else self._beyond_reach(values, self._reach)
            self._beyond = beyond if self._beyond is None else self._beyond + beyond
        if rows.shape[1] == 1:
            counts = _counts(values)
            self._counts = counts if self._counts is None else self._counts + counts

    def _beyond_reach(self, values: Tensor, reach: Reach) -> Tensor:
        off = (values - values.clamp(reach.low, reach.high)).abs()
        off = off.where(off > TOUCH * (values.max() - values.min()), 0.0)
        return torch.stack([(off > 0).to(off.dtype).mean(), _loss_of(off, self._kind, self._options).mean()])

    def facts(self) -> dict[str, Any]:
        """As fields of `Loss`. Waits for the device."""
        if self._least is None or self._most is None:
            return {}
        found: dict[str, Any] = {"least": _finite(self._least), "most": _finite(self._most)}
        if self._beyond is not None:
            found["outside"], found["floor"] = (value / self._looks for value in self._beyond.tolist())
        if self._counts is not None:
            *counts, others = self._counts.tolist()
            while counts and not counts[-1]:
                counts.pop()
            found["counts"] = () if others else tuple(float(count) for count in counts)
        return found


def _no_signs(values: Tensor) -> Tensor:
    strange = (values.abs() != 1).to(values.dtype).mean()
    return torch.stack([strange, torch.zeros_like(strange)])


def _loss_of(off: Tensor, kind: str, options: Mapping[str, Any]) -> Tensor:
    """The loss function's own value at a distance (docs of torch.nn.HuberLoss and SmoothL1Loss)."""
    if kind == "mse_loss":
        return off.square()
    if kind == "huber_loss":
        delta = float(options.get("delta", 1.0))
        return torch.where(off <= delta, 0.5 * off.square(), delta * (off - 0.5 * delta))
    if kind == "smooth_l1_loss" and (beta := float(options.get("beta", 1.0))) > 0:
        return torch.where(off < beta, 0.5 * off.square() / beta, off - 0.5 * beta)
    return off


def _counts(values: Tensor) -> Tensor:
    whole = (values == values.round()) & (values >= 0) & (values < COUNTED)
    places = values.where(whole, float(COUNTED)).long()
    counts = torch.zeros(COUNTED + 1, dtype=torch.long, device=values.device)
    return counts.index_add_(0, places, torch.ones_like(places))


def _finite(value: Tensor) -> float | None:
    return number if math.isfinite(number := float(value)) else None
