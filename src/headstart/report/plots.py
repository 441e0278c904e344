"""What all plots share: Plotly's JSON built by hand (plotly's own package would load NumPy), thinning, and colours."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from headstart.record import Series
from headstart.report.phrases import tr

POINTS = 1000  # of one line, at most: more than a wide screen has columns
Json = dict[str, Any]

# Okabe and Ito's palette for all kinds of colour vision. Vermilion is kept for limits; black and yellow are left out,
# for each vanishes in one of the two themes.
COLORS = ("#0072B2", "#CC79A7", "#009E73", "#E69F00", "#56B4E9")
LIMIT = "#D55E00"
GRAY = "#8b949e"
FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif'


@dataclass(frozen=True)
class View:
    """One of several things that a plot can show: a button's label and the traces behind it."""

    label: str
    traces: Sequence[Json]
    layout: Json = field(default_factory=dict)  # laid over the figure's own while it is shown


@dataclass(frozen=True)
class Figure:
    """A plot as Plotly's JSON. The page's script adds what depends on the screen."""

    name: str  # the id of its place in the page
    views: tuple[View, ...]  # the first is shown first
    layout: Json
    alt: str  # the plot in words, for those who do not see it
    height: int = 300  # pixels
    rows: tuple[str, ...] = field(default=())  # a heat map's row names, first on top

    def json(self) -> Json:
        views = [
            {"label": view.label, "data": list(view.traces), **({"layout": view.layout} if view.layout else {})}
            for view in self.views
        ]
        return {"views": views, "layout": {**_LAYOUT, **self.layout, "height": self.height}, "rows": list(self.rows)}


_LAYOUT: Json = {
    "font": {"family": FONT, "size": 12},
    "margin": {"l": 64, "r": 16, "t": 52, "b": 46},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "hovermode": "closest",
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1, "yref": "container", "yanchor": "top"},
}


def line(name: str, series: Series, color: str, **style: Any) -> Json:
    """A trace of at most POINTS points; figures that are not finite leave a gap."""
    thinned = thin(series)
    return {
        "type": "scatter",
        "mode": "lines+markers" if len(thinned) <= 25 else "lines",
        "name": name,
        "x": thinned.steps,
        "y": [value if math.isfinite(value) else None for value in map(rounded, thinned.values)],
        "line": {"color": color, "width": 2},
        "hovertemplate": f"{tr('step')} %{{x:,}}: %{{y:.4g}}<extra>%{{fullData.name}}</extra>",
        **style,
    }


def axis(title: str, **style: Any) -> Json:
    return {"title": {"text": title, "standoff": 8}, "automargin": True, "zeroline": False, **style}


def steps_axis() -> Json:
    return axis(tr("step"), tickformat=",d", rangemode="tozero")


def value_axis(title: str, values: Sequence[float], share: bool = False) -> Json:
    """Percent for shares; powers of ten where positive figures span more than a factor of 100; else linear."""
    if share:
        return axis(title, tickformat=".0%", range=[-0.02, 1.02])
    finite = [value for value in values if math.isfinite(value)]
    if finite and min(finite) > 0 and max(finite) > 100 * min(finite):
        return axis(title, type="log", exponentformat="power", dtick=max(1, round(_decades(finite) / 6)))
    return axis(title, exponentformat="power")


def level(value: float, text: str, log: bool) -> tuple[Json, Json]:
    """A dashed line across the plot at `value`, and its label: a shape and an annotation."""
    height = math.log10(value) if log else value
    shape = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value}
    label = {"xref": "paper", "x": 1, "xanchor": "right", "yanchor": "bottom", "y": height, "showarrow": False}
    return (
        {**shape, "line": {"color": LIMIT, "width": 1.5, "dash": "dash"}},
        {**label, "text": text},
    )


def moment(step: float, text: str) -> tuple[Json, Json]:
    """A dashed vertical line at `step`, and its label."""
    shape = {"type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": step, "x1": step}
    label = {"yref": "paper", "y": 1, "yanchor": "bottom", "xanchor": "auto", "x": step, "showarrow": False}
    return {**shape, "line": {"color": LIMIT, "width": 1.5, "dash": "dot"}}, {**label, "text": text}


def thin(series: Series, most: int = POINTS) -> Series:
    """At most `most` points: the first, the last, and of each stretch between its lowest and its highest."""
    if len(series) <= most:
        return series
    size = math.ceil(len(series) / ((most - 2) // 2))
    kept = {0, len(series) - 1}
    for start in range(0, len(series), size):
        stretch = range(start, min(start + size, len(series)))
        finite = [i for i in stretch if math.isfinite(series.values[i])] or [start]
        kept |= {min(finite, key=series.values.__getitem__), max(finite, key=series.values.__getitem__)}
    order = sorted(kept)
    return Series(tuple(series.steps[i] for i in order), tuple(series.values[i] for i in order))


def smooth(series: Series, windows: int = 40) -> Series:
    """Means of the finite values in each of `windows` stretches, each at the step in its middle."""
    size = math.ceil(len(series) / windows)
    means = []
    for start in range(0, len(series), size):
        finite = [value for value in series.values[start : start + size] if math.isfinite(value)]
        if finite:
            middle = min(start + size // 2, len(series) - 1)
            means.append((series.steps[middle], sum(finite) / len(finite)))
    return Series(tuple(step for step, _ in means), tuple(mean for _, mean in means))


def rounded(value: float) -> float:
    """Five significant digits: what a plot can show, at half the page's size."""
    return float(f"{value:.5g}")


def colored(names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Each name with its colour; those past the palette are grey."""
    for place, name in enumerate(names):
        yield name, COLORS[place] if place < len(COLORS) else GRAY


def _decades(finite: Sequence[float]) -> float:
    return math.log10(max(finite) / min(finite))
