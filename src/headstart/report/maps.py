"""Maps of a run: layers by steps, colour a figure of their signal."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from headstart.record import Record, Series
from headstart.report.phrases import tr
from headstart.report.plots import Figure, Json, View, axis, steps_axis

COLUMNS = 200  # of a map, at most; each is the mean over its stretch of sketched steps
USUAL_UPDATE = 1e-3  # of a net that learns well: A. Karpathy, CS231n notes, "Ratio of weights:updates"
ROW = 20  # pixels
TALLEST = 1200  # pixels
WIDEST = 12.0  # decades of a scale: beyond, the rest would be one colour
NARROWEST = 2.0  # decades: a sound net's small differences stay small to the eye

# What a map of logarithms says of figures that have none; they take the colours at the scale's ends.
ZERO, NOT_FINITE = -99.0, 99.0


class Row(NamedTuple):
    name: str
    series: Series


def activations(record: Record) -> Figure | None:
    return _signal(record, "activation", "activations", ("zeros", "saturated", "not_finite"))


def gradients(record: Record) -> Figure | None:
    return _signal(record, "gradient", "gradients", ("zeros", "not_finite"))


def updates(record: Record) -> Figure | None:
    """How far each step moves each tensor, as a share of its size; the usual 1e-3 in the middle of the scale."""
    rows = [Row(p.name, ratio) for p in record.parameters if (ratio := _update_ratio(record, p.name))]
    if not rows:
        return None
    middle = math.log10(USUAL_UPDATE)
    bar = {"tickvals": [middle - 2, middle, middle + 2], "title": _titled("rms(update) / rms(weight)")}
    bar["ticktext"] = ["10⁻⁵", tr("10⁻³ (usual)"), "10⁻¹"]
    trace = _heat(rows, log=True) | {"zmin": middle - 3, "zmax": middle + 3, "colorscale": _DIVERGING}
    trace |= {"colorbar": {**_BAR, **bar}}
    return _map("updates", [View(tr("ratio"), [trace])], rows, tr("Size of the updates over size of the weights"))


def _signal(record: Record, tensor: str, title: str, shares: Sequence[str]) -> Figure | None:
    rows = _rows(record, f"{tensor}.std")
    if not rows:
        return None
    views = [View(tr("standard deviation"), [_logarithm(rows, tr("standard deviation"))])]
    for figure in shares:
        of_figure = _rows(record, f"{tensor}.{figure}")
        if any(value > 0 for row in of_figure for value in row.series.values):
            views.append(View(tr(_SHARES[figure]), [_share(of_figure)]))
    return _map(title, views, rows, tr(f"Standard deviation of the {title}"))


_SHARES = {"zeros": "share of zeros", "saturated": "share saturated", "not_finite": "share not finite"}


def _rows(record: Record, figure: str) -> list[Row]:
    """One a layer in forward order, those alone that have the figure."""
    return [Row(layer.name, series) for layer in record.layers if (series := record.series(layer.name, figure))]


def _update_ratio(record: Record, name: str) -> Series:
    """rms(update) / rms(weight) by step; rms² = mean² + std²."""
    size = {tensor: _rms(record, name, tensor) for tensor in ("update", "weight")}
    steps = tuple(step for step in size["update"] if size["weight"].get(step))
    return Series(steps, tuple(size["update"][step] / size["weight"][step] for step in steps))


def _rms(record: Record, name: str, tensor: str) -> dict[int, float]:
    mean, std = record.series(name, f"{tensor}.mean"), record.series(name, f"{tensor}.std")
    return {step: math.hypot(m, s) for step, m, s in zip(mean.steps, mean.values, std.values, strict=True)}


def _logarithm(rows: Sequence[Row], title: str) -> Json:
    trace = _heat(rows, log=True)
    cells = [cell for line in trace["z"] for cell in line if cell is not None and ZERO < cell < NOT_FINITE]
    low, high = (min(cells), max(cells)) if cells else (-1.0, 0.0)
    low = max(low, high - WIDEST)
    slack = max(0.0, NARROWEST - (high - low)) / 2
    low, high = low - slack, high + slack
    ticks = [*range(math.ceil(low), math.floor(high) + 1)]
    ticks = ticks[:: math.ceil(len(ticks) / 5)]
    bar = {"title": _titled(title), "tickvals": ticks, "ticktext": [_power(tick) for tick in ticks]}
    return trace | {"zmin": low, "zmax": high, "colorscale": "Cividis", "colorbar": {**_BAR, **bar}}


def _share(rows: Sequence[Row]) -> Json:
    bar = {"title": _titled(tr("share of the values")), "tickformat": ".0%"}
    return _heat(rows, log=False) | {"zmin": 0, "zmax": 1, "colorscale": "Cividis", "colorbar": {**_BAR, **bar}}


_BAR = {"orientation": "h", "thickness": 10, "ypad": 8, "yref": "container", "y": 1, "yanchor": "top"}
# Blue, white, red: told apart by all kinds of colour vision (ColorBrewer's RdBu, reversed).
_DIVERGING = [[0, "#2166ac"], [0.25, "#92c5de"], [0.5, "#f7f7f7"], [0.75, "#f4a582"], [1, "#b2182b"]]


def _titled(text: str) -> Json:
    return {"text": text, "side": "right"}


def _heat(rows: Sequence[Row], log: bool) -> Json:
    steps = sorted({step for row in rows for step in row.series.steps})
    size = math.ceil(len(steps) / COLUMNS)
    column = {step: place // size for place, step in enumerate(steps)}
    columns = math.ceil(len(steps) / size)
    return {
        "type": "heatmap",
        "x": [steps[place * size] for place in range(columns)],
        "y": list(range(len(rows))),
        "z": [_line(row.series, column, columns, log) for row in rows],
        "meta": "log" if log else "share",
        "hoverongaps": False,
    }


def _line(series: Series, column: dict[int, int], columns: int, log: bool) -> list[float | None]:
    cells: list[float | None] = [None] * columns
    pairs = zip(series.steps, series.values, strict=True)
    for place, group in groupby(pairs, key=lambda pair: column[pair[0]]):
        values = [value for _, value in group]
        cells[place] = round(_log_mean(values) if log else sum(values) / len(values), 3)
    return cells


def _log_mean(values: Sequence[float]) -> float:
    if not all(map(math.isfinite, values)):
        return NOT_FINITE
    logarithms = [math.log10(value) for value in values if value > 0]
    return sum(logarithms) / len(logarithms) if logarithms else ZERO


def _map(name: str, views: list[View], rows: Sequence[Row], title: str) -> Figure:
    height = min(TALLEST, ROW * len(rows) + 130)
    layout = {
        "xaxis": {**steps_axis(), "rangemode": "normal", "showgrid": False},
        "yaxis": {**axis(""), "autorange": "reversed", "showgrid": False, "tickvals": list(range(len(rows)))},
        "margin": {"l": 20, "r": 16, "t": 60, "b": 46},
    }
    alt = tr(
        "{title}, {rows} rows by steps, first on top: {trends}.",
        title=title,
        rows=len(rows),
        trends=", ".join(_trends(rows)),
    )
    return Figure(f"{name}-map", tuple(views), layout, alt, height, tuple(row.name for row in rows))


def _trends(rows: Sequence[Row], most: int = 12) -> Iterator[str]:
    for row in rows[:most]:
        yield tr("{name} {first:.2g} to {last:.2g}", name=row.name, first=row.series.first, last=row.series.last)


def _power(exponent: int) -> str:
    return "1" if exponent == 0 else f"10{str(exponent).translate(_SUPERSCRIPT)}"


_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
