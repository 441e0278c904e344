"""The loss of the best constant prediction on the labels that a run saw: what an input-blind answer would reach.

Each loss has its own: class frequencies for cross-entropy, the mean for squared errors, the median for absolute ones,
the Huber location between the two. All are means over labels and output columns, as `reduction="mean"` gives them.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median

from headstart.record import Loss


@dataclass(frozen=True)
class Constant:
    """The best constant prediction."""

    loss: float  # its loss, > 0
    answer: str  # what it says whatever comes in: "the class frequencies"


def best_constant(loss: Loss) -> Constant | None:
    """None if the loss is of no known kind, has no labels, or if one answer is right for all of them."""
    known = KINDS.get(loss.kind)
    if known is None:
        return None
    measure, answer = known
    value = measure(loss)
    return Constant(value, answer) if value is not None and value > 0 else None


def _classes(loss: Loss) -> float | None:
    """Cross-entropy of the best p, with label smoothing ε and class weights w.

    Over all labels the loss is -Σ_c a_c log p_c / D with a_c = w_c ((1 - ε) m_c + ε N / K), m_c the labels' mass in
    class c, N its sum; so p = a / Σa. D = Σ w_c m_c for class indices, N for probabilities (the formulas in the docs
    of torch.nn.CrossEntropyLoss).
    """
    mass = loss.targets.mass
    total = sum(mass)
    if total <= 0 or max(mass) >= total:  # one class: any net that learns its bias is perfect
        return None
    smoothing = float(loss.options.get("label_smoothing", 0.0))
    weights = loss.options.get("weight") or [1.0] * len(mass)
    if len(weights) != len(mass):
        return None
    parts = [w * ((1 - smoothing) * m + smoothing * total / len(mass)) for w, m in zip(weights, mass, strict=True)]
    whole = total if loss.options.get("probabilities") else sum(w * m for w, m in zip(weights, mass, strict=True))
    return _entropy(parts) / whole if whole > 0 else None


def _binary(loss: Loss) -> float | None:
    """BCE, each output column with its own constant; `pos_weight` multiplies the positive part."""
    targets = loss.targets
    weights = per_column(loss.options.get("pos_weight") or (1.0,), len(targets.total))
    if weights is None or targets.count <= 0:
        return None
    columns = [_entropy((w * t, targets.count - t)) for w, t in zip(weights, targets.total, strict=True)]
    return sum(columns) / (targets.count * len(columns))


def _squared(loss: Loss) -> float | None:
    """MSE: the mean of the columns' variances."""
    targets = loss.targets
    if targets.count <= 0 or not targets.square:
        return None
    columns = [
        0.0 if square < 1e-13 * total * total / targets.count else square  # a constant column's rounding errors
        for square, total in zip(targets.square, targets.total, strict=True)
    ]
    return sum(columns) / (targets.count * len(columns))


def _absolute(loss: Loss) -> float | None:
    """L1: each column's median."""
    return _of_sample(loss, lambda column: _mean_distance(column, median(column)))


def _huber(loss: Loss) -> float | None:
    delta = float(loss.options.get("delta", 1.0))
    return _of_sample(loss, lambda column: _huber_least(column, delta))


def _smooth_l1(loss: Loss) -> float | None:
    """Huber's loss over β; L1 for β = 0 (docs of torch.nn.SmoothL1Loss)."""
    beta = float(loss.options.get("beta", 1.0))
    return _of_sample(loss, lambda column: _huber_least(column, beta) / beta) if beta > 0 else _absolute(loss)


KINDS: dict[str, tuple[Callable[[Loss], float | None], str]] = {
    "cross_entropy": (_classes, "the class frequencies"),
    "nll_loss": (_classes, "the class frequencies"),
    "binary_cross_entropy": (_binary, "the labels' frequencies"),
    "binary_cross_entropy_with_logits": (_binary, "the labels' frequencies"),
    "mse_loss": (_squared, "the mean"),
    "l1_loss": (_absolute, "the median"),
    "smooth_l1_loss": (_smooth_l1, "the Huber location"),
    "huber_loss": (_huber, "the Huber location"),
}


def huber_location(values: Sequence[float], delta: float) -> float:
    """The c that minimises the mean Huber loss of `values` - c: the root of its slope, which rises with c."""
    ordered = sorted(values)
    sums = [0.0, *accumulate(ordered)]
    low, high = ordered[0], ordered[-1]
    for _ in range(60):  # halves the bracket to the last bit of a float
        c = (low + high) / 2
        i, j = bisect_left(ordered, c - delta), bisect_right(ordered, c + delta)
        slope = delta * (i - (len(ordered) - j)) + (j - i) * c - (sums[j] - sums[i])
        low, high = (low, c) if slope > 0 else (c, high)
    return (low + high) / 2


def _huber_least(column: Sequence[float], delta: float) -> float:
    c = huber_location(column, delta)
    distances = [abs(value - c) for value in column]
    return sum(0.5 * d * d if d <= delta else delta * (d - 0.5 * delta) for d in distances) / len(distances)


def _mean_distance(column: Sequence[float], c: float) -> float:
    return sum(abs(value - c) for value in column) / len(column)


def _of_sample(loss: Loss, least: Callable[[Sequence[float]], float]) -> float | None:
    columns = list(zip(*loss.targets.sample, strict=True))
    return sum(map(least, columns)) / len(columns) if columns else None


def _entropy(parts: Sequence[float]) -> float:
    """-Σ a log(a / Σa): the least of -Σ a log p over distributions p."""
    whole = sum(parts)
    return -sum(a * math.log(a / whole) for a in parts if a > 0)


def per_column(weights: Sequence[float], columns: int) -> list[float] | None:
    """One weight a column; of shape (C, 1, 1) each stands for a block of C × H × W columns."""
    if not columns or columns % len(weights):
        return None
    return [w for w in weights for _ in range(columns // len(weights))]
