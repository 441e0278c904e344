"""A claim's trainings as small multiples: a panel for each place, a line for each series and seed, as one SVG."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from html import escape

from headstart.diagnosis.text import Language, Text
from headstart.lab.claim import Claim, Curve, Result, X
from headstart.report.plots import COLORS

COLUMNS, WIDTH = 3, 760
PANEL, HIGH, TITLE, GAP = 214, 118, 56, 20  # of a panel: width and height, its title above, the space to the next
LEFT, TOP, BOTTOM = 52, 58, 22
MOST = 4.0  # of the y axis; what lies above is marked on its upper edge
CHANCE = math.log(10)
DASHES = ("5 3", "")  # so that lines are told apart without colours

WORDS = Text(
    en={
        "step": "training step",
        "chance": "ln 10: guessing",
        "above": "▲ above the axis",
        "not finite": "× not a number",
        "seeds": "a line for each of {seeds} seeds",
    },
    zh={
        "step": "训练步",
        "chance": "ln 10：随机猜测",
        "above": "▲ 超出坐标轴",
        "not finite": "× 不是数值",
        "seeds": "{seeds} 个随机种子，每个一条线",
    },
)


def svg(claim: Claim, result: Result, language: Language) -> str:
    """The plot as a file of its own; its text is in `language`."""
    assert claim.curves is not None
    rows = math.ceil(len(claim.x) / COLUMNS)
    height = TOP + rows * (TITLE + HIGH + GAP) + BOTTOM
    middle = TOP + rows * (TITLE + HIGH + GAP) / 2
    parts = [*_legend(claim, result, language)]
    parts += [_text(0, 0, claim.curves.say(language, "y"), "middle", f"translate(14 {middle:.0f}) rotate(-90)")]
    parts += [_text(LEFT + (WIDTH - LEFT) / 2, height - 8, WORDS.say(language, "step"), "middle")]
    for place, x in enumerate(claim.x):
        left = LEFT + place % COLUMNS * (PANEL + GAP)
        top = TOP + place // COLUMNS * (TITLE + HIGH + GAP) + TITLE
        parts.append(f'<g transform="translate({left} {top})">')
        parts += [*_panel(claim, result, x, language), "</g>"]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="#24292f">\n'
        f"<title>{escape(claim.sentence(language))}</title>\n"
        f'<rect width="100%" height="100%" fill="#fff"/>\n{body}\n</svg>\n'
    )


def _legend(claim: Claim, result: Result, language: Language) -> Iterator[str]:
    for place, series in enumerate(claim.series):
        x = LEFT + 190 * place
        yield f'<path d="M{x} 16h30" {_stroke(place)}/>'
        yield _text(x + 38, 20, claim.label(language, series))
    yield f'<path d="M{LEFT + 380} 16h30" stroke="#57606a" stroke-dasharray="1.5 3"/>'
    yield _text(LEFT + 418, 20, WORDS.say(language, "chance"))
    said = [WORDS.say(language, "seeds", seeds=len(result.seeds))]
    said += [WORDS.say(language, "above"), WORDS.say(language, "not finite")]
    for place, text in enumerate(said):
        yield _text(LEFT + (0, 228, 418)[place], 42, text)


def _panel(claim: Claim, result: Result, x: X, language: Language) -> Iterator[str]:
    """From (0, 0), its upper left corner; the title stands above."""
    assert claim.curves is not None
    seen, done = claim.curves.say(language, str(x)).split("\n")
    yield _text(0, -40, seen, weight="bold")
    yield _text(0, -24, done, size=11)
    yield _text(0, -9, claim.label(language, x), size=11, fill="#57606a")
    runs = [run for run in result.runs if run.x == x and run.curve]
    last = max((run.curve.steps[-1] for run in runs if run.curve), default=1)
    for value in (0, 1, 2, 3, 4):
        yield f'<path d="M0 {_y(value):.1f}h{PANEL}" stroke="#d0d7de"/>'
        yield _text(-6, _y(value) + 4, str(value), "end", size=11)
    yield f'<path d="M0 {_y(CHANCE):.1f}h{PANEL}" stroke="#57606a" stroke-dasharray="1.5 3"/>'
    for share, anchor in ((0, "start"), (0.5, "middle"), (1, "end")):
        yield _text(share * PANEL, HIGH + 14, f"{round(share * last):,}", anchor, size=11)
    yield f'<path d="M0 0V{HIGH}H{PANEL}" stroke="#57606a" fill="none"/>'
    for place, series in enumerate(claim.series):
        for run in runs:
            if run.series == series and run.curve:
                yield from _line(run.curve, place, last)


def _line(curve: Curve, place: int, last: int) -> Iterator[str]:
    """What is above the axis is drawn on its edge, with a mark; where it is not a number, the line ends with one."""
    points = [(step / last * PANEL, value) for step, value in zip(curve.steps, curve.values, strict=True)]
    drawn = [(x, _y(min(value, MOST))) for x, value in points if value is not None]
    track = "L".join(f"{x:.1f} {y:.1f}" for x, y in drawn)
    yield f'<path d="M{track}" fill="none" {_stroke(place)}/>'
    for x, value in points:
        if value is None:
            yield f'<path d="M{x - 3.5:.1f} -3.5l7 7m0 -7l-7 7" stroke="{COLORS[place]}" stroke-width="1.6"/>'
        elif value > MOST:
            yield f'<path d="M{x - 4:.1f} 4l4 -7l4 7z" fill="{COLORS[place]}"/>'


def _y(value: float) -> float:
    return HIGH * (1 - value / MOST)


def _stroke(place: int) -> str:
    dashes = f' stroke-dasharray="{DASHES[place]}"' if DASHES[place] else ""
    return f'stroke="{COLORS[place]}" stroke-width="1.8"{dashes}'


def _text(
    x: float,
    y: float,
    text: str,
    anchor: str = "start",
    transform: str = "",
    *,
    size: int = 12,
    weight: str = "",
    fill: str = "",
) -> str:
    told: Sequence[tuple[str, object]] = (
        ("font-size", size if size != 12 else ""),
        ("font-weight", weight),
        ("fill", fill),
        ("transform", transform),
    )
    more = "".join(f' {name}="{value}"' for name, value in told if value)
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"{more}>{escape(text)}</text>'
