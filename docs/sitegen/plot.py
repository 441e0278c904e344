"""A claim's plot as SVG: its first figure over its axis, a line a series, bars from the lowest to the highest seed."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape

from headstart.diagnosis.text import Language
from headstart.lab.claim import Claim, Result
from headstart.report.plots import COLORS as FIVE
from headstart.report.plots import LIMIT
from headstart.wording import number

WIDTH, HEIGHT = 760, 400
LEFT, RIGHT, TOP, BOTTOM = 74, 18, 20, 54  # margins; the legend's lines come on top, slanted names below
STEEP = 45  # degrees, of slanted names
COLORS = (*FIVE, LIMIT, "#57606a")
SYMBOLS = (  # of 8 px, so that colours are not all that tells lines apart
    "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
    "M-4-4h8v8h-8z",
    "M0-5l5 5l-5 5l-5-5z",
    "M0-5l5 9h-10z",
    "M-4-2l2-2l2 2l2-2l2 2l-2 2l2 2l-2 2l-2-2l-2 2l-2-2l2-2z",
    "M0 5l5-9h-10z",
    "M-5-1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z",
)


@dataclass(frozen=True)
class Axis:
    """From values to pixels, and where ticks stand."""

    place: Callable[[float], float]
    ticks: tuple[tuple[float, str], ...]


def svg(claim: Claim, result: Result, language: Language) -> str:
    """The plot as a file of its own."""
    names = [claim.label(language, series) for series in claim.series]
    legend = list(_legend(names))
    top = TOP + 22 * (1 + max(line for _, line in legend))
    longest = max(_width(claim.label(language, x)) for x in claim.x)
    slanted = _is_named(claim) and longest > (WIDTH - LEFT - RIGHT) / len(claim.x) - 8
    below = math.sin(math.radians(STEEP)) * longest if slanted else 0.0
    height, bottom = round(HEIGHT + below), HEIGHT - BOTTOM
    x_axis, y_axis = _x_axis(claim, language), _y_axis(claim, result, bottom, top)
    parts = [
        *_frame(x_axis, y_axis, top, bottom, slanted),
        _text((LEFT + WIDTH - RIGHT) / 2, height - 10, claim.label(language, "x"), "middle"),
        *_upright(claim.label(language, claim.figures[0]), (top + bottom) / 2, bottom - top),
    ]
    for place, name in enumerate(names):
        column, line = legend[place]
        parts += [_symbol(place, column, 20 + 22 * line), _text(column + 10, 24 + 22 * line, name)]
        parts += _line(claim, result, place, x_axis, y_axis)
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="13" fill="#24292f">\n'
        f"<title>{escape(claim.sentence(language))}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _upright(label: str, middle: float, room: float) -> Iterator[str]:
    """The y axis's name; in two lines where it is longer than the axis."""
    words = label.split(" ")
    cut = len(words)
    if _width(label) > room and len(words) > 1:
        cut = min(range(1, len(words)), key=lambda place: abs(_width(" ".join(words[:place])) - _width(label) / 2))
    for x, line in zip((13, 28) if words[cut:] else (16,), (words[:cut], words[cut:]), strict=False):
        yield _text(0, 0, " ".join(line), "middle", f"translate({x} {middle}) rotate(-90)")


def _is_named(claim: Claim) -> bool:
    return any(isinstance(x, str) for x in claim.x)


def _x_axis(claim: Claim, language: Language) -> Axis:
    if _is_named(claim):
        step = (WIDTH - LEFT - RIGHT) / len(claim.x)
        ticks = tuple((place, claim.label(language, x)) for place, x in enumerate(claim.x))
        return Axis(lambda place: LEFT + step * (place + 0.5), ticks)
    values = [float(x) for x in claim.x]
    scale = _log if min(values) > 0 and max(values) >= 16 * min(values) else float
    place = _between(scale, values, LEFT + 20, WIDTH - RIGHT - 20)
    return Axis(place, tuple((value, number(value)) for value in values))


def _y_axis(claim: Claim, result: Result, bottom: float, top: float) -> Axis:
    spreads = [result.spread(claim.figures[0], series, x) for series in claim.series for x in claim.x]
    low, high = min(spread.low for spread in spreads), max(spread.high for spread in spreads)
    if low > 0 and high > 100 * low:
        decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
        every = 1 + len(decades) // 9
        ticks = tuple((10.0**decade, f"10{_superscript(decade)}") for decade in decades[::every])
        return Axis(_between(_log, [10.0 ** decades[0], 10.0 ** decades[-1]], bottom, top), ticks)
    low = min(low, 0.0) if low >= 0 else low
    step = _step(high - low)
    marks = [step * place for place in range(math.floor(low / step), math.ceil(high / step) + 1)]
    return Axis(_between(float, [marks[0], marks[-1]], bottom, top), tuple((mark, number(mark)) for mark in marks))


def _between(
    scale: Callable[[float], float], values: Sequence[float], start: float, end: float
) -> Callable[[float], float]:
    low, high = scale(min(values)), scale(max(values))
    return lambda value: start + (end - start) * (scale(value) - low) / ((high - low) or 1)


def _log(value: float) -> float:
    return math.log10(value)


def _step(span: float) -> float:
    """1, 2 or 5 times a power of ten, for four to ten ticks."""
    power = 10 ** math.floor(math.log10(span / 5 or 1))
    return next(power * part for part in (1, 2, 5, 10) if span / (power * part) <= 8)


def _superscript(value: int) -> str:
    return str(value).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _frame(x_axis: Axis, y_axis: Axis, top: float, bottom: float, slanted: bool) -> Iterator[str]:
    for value, label in y_axis.ticks:
        y = y_axis.place(value)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="#d0d7de"/>'
        yield _text(LEFT - 8, y + 4, label, "end")
    yield f'<path d="M{LEFT} {top}V{bottom}H{WIDTH - RIGHT}" stroke="#57606a" fill="none"/>'
    for value, label in x_axis.ticks:
        x = x_axis.place(value)
        yield f'<path d="M{x:.1f} {bottom}v5" stroke="#57606a"/>'
        if slanted:
            yield _text(0, 0, label, "end", f"translate({x + 4:.1f} {bottom + 18}) rotate(-{STEEP})")
        else:
            yield _text(x, bottom + 20, label, "middle")


def _line(claim: Claim, result: Result, place: int, x_axis: Axis, y_axis: Axis) -> Iterator[str]:
    """Series stand a little beside one another, so that no bar hides another."""
    named, color = _is_named(claim), COLORS[place % len(COLORS)]
    aside = (place - (len(claim.series) - 1) / 2) * (9 if named else 3)
    points = []
    for order, x in enumerate(claim.x):
        spread = result.spread(claim.figures[0], claim.series[place], x)
        left = x_axis.place(order if named else float(x)) + aside
        low, high = y_axis.place(spread.low), y_axis.place(spread.high)
        bar = f"M{left:.1f} {low:.1f}V{high:.1f}m-4 0h8M{left - 4:.1f} {low:.1f}h8"
        yield f'<path d="{bar}" stroke="{color}" stroke-width="1.5"/>'
        points.append((left, y_axis.place(spread.mean)))
    if not named:
        track = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        yield f'<path d="M{track}" stroke="{color}" stroke-width="2" fill="none"/>'
    for x, y in points:
        yield _symbol(place, x, y)


def _symbol(place: int, x: float, y: float) -> str:
    path, color = SYMBOLS[place % len(SYMBOLS)], COLORS[place % len(COLORS)]
    return f'<path d="{path}" transform="translate({x:.1f} {y:.1f})" fill="{color}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", transform: str = "") -> str:
    moved = f' transform="{transform}"' if transform else ""
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{moved}>{escape(text)}</text>'


def _legend(names: Sequence[str]) -> Iterator[tuple[float, int]]:
    """Where each name stands: its left end, and its line."""
    x, line = float(LEFT), 0
    for name in names:
        width = 36 + _width(name)
        if x + width > WIDTH and x > LEFT:
            x, line = float(LEFT), line + 1
        yield x, line
        x += width


def _width(text: str) -> float:
    """In pixels, roughly: Chinese characters are as wide as they are high."""
    return sum(13.5 if unicodedata.east_asian_width(character) in "WF" else 7.5 for character in text)
