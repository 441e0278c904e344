"""What a learning-rate range test gave: the losses by rate, a rate or the reason for none, as text and as a plot."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean, stdev
from typing import Any

from headstart.record import Series
from headstart.report.plots import COLORS, GRAY, Figure, Json, View, axis, line, moment
from headstart.wording import number

BEND = 0.05  # of the fall above the lowest loss: Smith's "slows"; chosen by benchmarks/lr_find.py
BEGINS = 0.1  # of the fall: from there on it is seen to fall
SMOOTH = 0.15  # std of the window over which losses are averaged, in powers of ten of the rate
CERTAIN = 5.0  # standard errors by which the loss has to fall: a chance of 1 in a million, were the curve flat
APART = 10.0  # factor between the seeds' own rates from which no single one is given
ABOVE = 10.0  # stds between batches above the start, at which a training that never learnt is stopped
BARS = "▁▂▃▄▅▆▇█"
WIDTH = 50  # characters of the curve in the text


@dataclass(frozen=True)
class RangeTest:
    """Losses by learning rate, of one copy of the model a seed.

    Rates and losses are plain numbers, the losses in the loss function's own unit. A seed's losses end where its training
    broke down; the last of them may not be finite.
    """

    lrs: tuple[float, ...]  # the grid, rising
    losses: tuple[tuple[float, ...], ...]  # by seed: of the batch after the step at each rate
    starts: tuple[tuple[float, ...], ...]  # by seed: of the batches of the burn-in
    optimizer: str

    @property
    def suggestion(self) -> float | None:
        """The smallest rate at which a seed's smoothed loss has all but ended its fall: all but 5 % of it.

        This is where the loss "slows" (Smith 2017, §3.3), his upper bound, in the most cautious of the seeds: close
        above it training may break down. For six nets on MNIST with three optimizers, 3 epochs at a constant rate
        ended with 1.15 times the loss of a sweep's best rate (geometric mean; the worst 1.73), and with a cosine down
        to 0, which likes larger rates, with 1.38 times (2.78): benchmarks/lr_find.py. For a long training at a constant
        rate take a third or a quarter, as Smith does for his lower bound. None: see `refusal`.
        """
        return None if self.refusal else min(self.by_seed)

    @property
    def steepest(self) -> float | None:
        """The rate at which the smoothed mean loss falls fastest by log(rate); fast.ai's `steep`."""
        return None if self.refusal else self._curve.steepest

    @property
    def lowest(self) -> float | None:
        """The rate at which the smoothed mean loss is lowest. A tenth of it is fast.ai's `minimum`."""
        return None if self.refusal else self._curve.lowest

    @property
    def begins(self) -> float | None:
        """The smallest rate at which the loss is seen to fall: a tenth of the whole fall; Smith's lower bound."""
        return None if self.refusal else self._curve.begins

    @property
    def breaks(self) -> float | None:
        """The smallest rate beyond the lowest loss at which it is back where it began, or not finite; None: nowhere."""
        return None if self.refusal else self._curve.breaks

    @property
    def by_seed(self) -> tuple[float, ...]:
        """Each seed's own suggestion, from its own curve; () where none can be told."""
        return tuple(curve.bend for curve in self._curves) if self._learns else ()

    @property
    def smoothed(self) -> tuple[float, ...]:
        """The mean over the seeds, smoothed; it ends where the first seed broke down."""
        return self._curve.smoothed if self._curve.values else ()

    @cached_property
    def refusal(self) -> str | None:
        """Why no rate is suggested, in words; None where one is."""
        curve, low, high = self._curve, self.lrs[0], self.lrs[-1]
        if not all(math.isfinite(value) for start in self.starts for value in start):
            return (
                f"The loss is not finite at the rate {number(low)} already, before any has been tried. "
                "hs.check on one batch, or hs.watch, says where it begins."
            )
        if len(curve.values) < 2:
            return f"Training breaks down at the smallest rate, {number(low)}. Give a smaller low."
        if not self._learns:
            return (
                f"The loss falls at no rate by more than chance: from {number(self.start)} to "
                f"{number(min(curve.smoothed))} at best, where batches differ by {number(self.noise)}. The rate is not "
                "what keeps this model from learning (hs.check, hs.watch), or larger batches or more steps are needed."
            )
        if curve.smoothed[0] < self.start - curve.fall / 2:
            return f"The loss has fallen before the smallest rate, {number(low)}, was over. Give a smaller low."
        if len(curve.values) == len(self.lrs) and curve.lowest == high:
            return f"The loss still falls at the largest rate, {number(high)}. Give a larger high."
        if max(self.by_seed) > APART * min(self.by_seed):
            rates = ", ".join(number(rate) for rate in self.by_seed)
            return f"The seeds disagree: {rates}. Give more steps or larger batches, or choose from the plot."
        return None

    @property
    def start(self) -> float:
        """The mean loss before the sweep."""
        return fmean(value for start in self.starts for value in start)

    @property
    def noise(self) -> float:
        """The standard deviation between batches before the sweep."""
        return stdev(value for start in self.starts for value in start)

    def __str__(self) -> str:
        ends = f"{number(self.lrs[0])} to {number(self.lrs[-1])}"
        head = f"learning-rate range test · {self.optimizer} · {len(self.losses)} seeds · {ends}"
        if not self.smoothed or not math.isfinite(self.start):
            return f"{head}\n  no suggestion  {self.refusal}"
        lines = [head, f"  {_bars(self.smoothed, self.start, len(self.lrs))}"]
        lines.append(f"  start          loss {number(self.start)} ± {number(self.noise)} between batches")
        if self.refusal:
            return "\n".join([*lines, f"  no suggestion  {self.refusal}"])
        curve, seeds = self._curve, sorted(self.by_seed)
        breaks = number(curve.breaks) if curve.breaks else f"nowhere up to {number(self.lrs[-1])}"
        suggestion = f"where the fall ends; by seed up to {number(seeds[-1])}"
        rows = (
            ("falls from", number(curve.begins), ""),
            ("steepest", number(curve.steepest), ""),
            ("suggestion", number(seeds[0]), suggestion),
            ("lowest loss", number(curve.lowest), f"loss {number(min(curve.smoothed))}"),
            ("breaks down", breaks, ""),
        )
        return "\n".join([*lines, *(f"  {name:<15}{value:<9}{words}".rstrip() for name, value, words in rows)])

    def __rich__(self) -> Any:
        """Rich would print a dataclass field by field."""
        from rich.text import Text

        return Text(str(self))

    def plot(self) -> Any:
        """The curves as a `plotly.graph_objects.Figure`: `.show()`, `.write_html(path)`, or a notebook cell's last line."""
        import plotly.graph_objects as go

        figure = self.figure()
        data = figure.json()
        return go.Figure(data["views"][0]["data"], {**data["layout"], "width": 760})

    def figure(self) -> Figure:
        """The same as the report's own plots are kept: Plotly's JSON."""
        hover = "lr %{x:.3g}: %{y:.4g}<extra>%{fullData.name}</extra>"
        traces = [
            line(f"seed {seed}", self._series(losses), GRAY, opacity=0.6, hovertemplate=hover, mode="lines")
            for seed, losses in enumerate(self.losses)
        ]
        traces.append(
            line("mean, smoothed", self._series(self.smoothed), COLORS[0], hovertemplate=hover, mode="lines")
        )
        traces[-1]["line"] = {"color": COLORS[0], "width": 3}
        layout: Json = {
            "xaxis": axis("learning rate", type="log", exponentformat="power", dtick=1),
            "yaxis": self._loss_axis(),
        }
        if self.suggestion is not None:
            shape, label = moment(self.suggestion, f"suggestion {number(self.suggestion)}")
            layout["shapes"], layout["annotations"] = [shape], [{**label, "x": math.log10(self.suggestion)}]
        return Figure("lr-find", (View("loss", traces),), layout, str(self), 380)

    def _series(self, losses: Sequence[float]) -> Series:
        return Series(self.lrs[: len(losses)], tuple(losses))  # type: ignore[arg-type]

    def _loss_axis(self) -> Json:
        """From the lowest loss to as far above the start as the loss fell: where it breaks down it may be anything."""
        seen = [value for losses in self.losses for value in losses if math.isfinite(value)]
        if not seen:
            return axis("loss of a batch")
        top, bottom = max(self.start, *(value for start in self.starts for value in start)), min(*seen, self.start)
        return axis("loss of a batch", range=[bottom - 0.05 * (top - bottom), top + 0.4 * (top - bottom)])

    @cached_property
    def _curve(self) -> Curve:
        """The mean over the seeds."""
        shared = min(len(losses) for losses in self.losses)
        return Curve(self.lrs, self.start, tuple(fmean(losses[i] for losses in self.losses) for i in range(shared)))

    @cached_property
    def _curves(self) -> tuple[Curve, ...]:
        return tuple(
            Curve(self.lrs, fmean(start), losses) for start, losses in zip(self.starts, self.losses, strict=True)
        )

    @property
    def _learns(self) -> bool:
        """Whether the loss falls by more than chance."""
        if not self._curve.values or not math.isfinite(self.start):
            return False
        averaged = len(self.losses) * max(
            1.0, 2 * math.sqrt(math.pi) * self._curve.window
        )  # values in one smoothed one
        begun = sum(map(len, self.starts))
        return self._curve.fall > CERTAIN * self.noise * math.sqrt(1 / averaged + 1 / begun)


@dataclass(frozen=True)
class Curve:
    """One curve of losses over the rates."""

    lrs: tuple[float, ...]
    start: float
    given: tuple[float, ...]

    @cached_property
    def values(self) -> tuple[float, ...]:
        """Up to the first that is not finite."""
        return self.given[: next((i for i, value in enumerate(self.given) if not math.isfinite(value)), None)]

    @property
    def window(self) -> float:
        """The smoothing's std in steps."""
        return max(1.0, SMOOTH / math.log10(self.lrs[1] / self.lrs[0]))

    @cached_property
    def smoothed(self) -> tuple[float, ...]:
        """Gaussian means to both sides: a running average of the past would shift the curve to larger rates."""
        reach = math.ceil(4 * self.window)
        weights = [math.exp(-((step / self.window) ** 2) / 2) for step in range(reach + 1)]
        return tuple(_weighted(self.values, place, weights) for place in range(len(self.values)))

    @property
    def roughness(self) -> float:
        """The root mean square of what smoothing takes away, up to the lowest loss."""
        pairs = list(zip(self.values, self.smoothed, strict=True))[: self._lowest + 1]
        return math.sqrt(fmean((value - mean) ** 2 for value, mean in pairs))

    @property
    def fall(self) -> float:
        return self.start - min(self.smoothed)

    @property
    def bend(self) -> float:
        return self._first(min(self.smoothed) + BEND * self.fall)

    @property
    def begins(self) -> float:
        return self._first(self.start - BEGINS * self.fall)

    @property
    def lowest(self) -> float:
        return self.lrs[self._lowest]

    @property
    def steepest(self) -> float:
        """By differences of neighbours, up to the lowest loss: beyond it a curve that breaks down may fall as well."""
        smoothed = self.smoothed
        slopes = {i: smoothed[i + 1] - smoothed[i - 1] for i in range(1, min(self._lowest + 1, len(smoothed) - 1))}
        return self.lrs[min(slopes, key=slopes.__getitem__)] if slopes else self.lowest

    @property
    def breaks(self) -> float | None:
        back = (
            i for i in range(self._lowest, len(self.smoothed)) if self.smoothed[i] >= self.start - BEGINS * self.fall
        )
        place = next(back, len(self.values) if len(self.values) < len(self.given) else None)
        return None if place is None else self.lrs[place]

    @property
    def _lowest(self) -> int:
        return self.smoothed.index(min(self.smoothed))

    def _first(self, level: float) -> float:
        return next((lr for lr, value in zip(self.lrs, self.smoothed, strict=False) if value <= level), self.lowest)


def is_far_above(value: float, start: Sequence[float], after: Sequence[float]) -> bool:
    """Whether a loss is above the start by as much as it has fallen below it, and by more than batches differ."""
    level = fmean(start)
    return value > level + max(level - min(after), ABOVE * stdev(start))


def _weighted(values: Sequence[float], place: int, weights: Sequence[float]) -> float:
    around = range(max(0, place - len(weights) + 1), min(len(values), place + len(weights)))
    total = sum(weights[abs(place - other)] for other in around)
    return sum(weights[abs(place - other)] * values[other] for other in around) / total


def _bars(smoothed: Sequence[float], start: float, steps: int) -> str:
    """The curve in one line of characters, from the lowest loss to the start; above it the bar is full."""
    low = min(smoothed)
    height = max(start - low, 1e-300)
    count = max(1, round(WIDTH * len(smoothed) / steps))
    shown = (smoothed[place * len(smoothed) // count] for place in range(count))
    return "".join(BARS[max(0, min(7, int(8 * (value - low) / height)))] for value in shown)
