"""A plan as text: one line a weight, and one for all that gets zeros, ones, or is left alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headstart.prepare.plan import Row

HEADINGS = ("layer", "shape", "fan in/out", "follows → meets", "law", "std", "signal before → after", "why")


def table(rows: Sequence[Row]) -> str:
    """Fixed-width columns, no colour: made to be pasted into an issue."""
    lines = [HEADINGS, *(_line(row) for row in rows if _is_told(row))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS) - 1)]
    text = ["  ".join([*(cell.ljust(w) for cell, w in zip(line, widths, strict=False)), line[-1]]) for line in lines]
    found = Counter(row.found for row in rows if row.found).most_common(4)
    return "\n".join([*text, "", *_summary(rows), *(f"found in {count} × weight: {law}" for law, count in found)])


def _is_told(row: Row) -> bool:
    return (
        row.choice.std is not None or (row.choice.law == "keep" and row.kind == "weight") or row.choice.law == "prior"
    )


def _line(row: Row) -> tuple[str, ...]:
    choice = row.choice
    layer = row.name.removesuffix(".weight") if row.kind == "weight" else row.name
    fans = f"{choice.fans.n_in:g}/{choice.fans.n_out:g}" if choice.fans else ""
    signal = f"{_number(row.before)} → {_number(row.after)}" if row.after is not None else ""
    why = f"{choice.why}; the batch overruled the law: ×{row.factor:.3g}" if row.factor else choice.why
    if row.balance:
        told = "a norm divides by its scale" if row.choice.divided else "the branch's scale is shared by its layers"
        why += f"; {told}: ×{row.balance:.3g}, chosen by the gradient"
    flow = f"{row.source} → {row.activation or ('output' if choice.output else '·')}"
    return layer, "×".join(map(str, row.shape)), fans, flow, choice.law, _number(choice.std), signal, why


def _summary(rows: Sequence[Row]) -> list[str]:
    rest = Counter((row.choice.law, row.kind, row.choice.why) for row in rows if not _is_told(row))
    return [f"{count} × {kind}: {law} ({why})" for (law, kind, why), count in rest.items()]


def _number(value: float | None) -> str:
    return "·" if value is None else f"{value:.3g}"
