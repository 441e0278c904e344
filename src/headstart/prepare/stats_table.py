"""Statistics as people read and paste them: a table by column, and the code that standardises."""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from headstart.prepare.stats import Stats

PASTED = 4  # columns up to which numbers are pasted into code; more are loaded from the file
RGB = ("red", "green", "blue", "alpha")


def table(stats: Stats, per: str, rows: int) -> str:
    """One line per column, at most `rows` of them, and what the two standard deviations are."""
    titles = [per, "mean", "std", "image std", "min", "max", "not finite"]
    shown = [column for column in range(stats.columns) if stats.columns <= rows or not stats.constant[column]][:rows]
    lines = [_row(stats, per, column) for column in shown]
    if not bool(stats.images.any()):
        titles, lines = _without(3, titles), [_without(3, line) for line in lines]
    widths = [max(len(row[place]) for row in [titles, *lines]) for place in range(len(titles))]
    body = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in [titles, *lines]]
    more = stats.columns - len(shown)
    return "\n".join(
        [_heading(stats, per), "", *body, *([f"... and {more} more"] if more else []), "", *_notes(stats)]
    )


def code(stats: Stats, per: str, axis: int | None, file: Path) -> str:
    """What to paste: torchvision's Normalize where the columns are few channels, and ours in any case."""
    load = f'.fit(hs.Stats.load("{file.as_posix()}"))'
    how = f'per="{per}"' + (f", axis={axis}" if axis is not None else "")
    lines = []
    if per != "patch":
        lines.append(f"hs.Standardize({how}){load}    # import headstart as hs")
    if per != "patch" and stats.joint:
        lines.append(f'hs.Whiten("zca", eps=0.01, {how}){load}')
    if per == "patch" and not stats.joint:
        lines.append("# --covariance measures what hs.PatchWhiten needs")
    if per == "patch" and stats.joint:
        lines.append(f"hs.PatchWhiten(patch={stats.shape[-1]}){load}    # import headstart as hs")
    if per == "channel" and stats.columns <= PASTED:
        lines.insert(0, f"transforms.Normalize(mean={_pasted(stats.mean)}, std={_pasted(stats.std)})")
    return "\n".join(lines)


def _heading(stats: Stats, per: str) -> str:
    kind, of = {"channel": ("channel", ""), "feature": ("feature", ""), "patch": ("place", " in a patch")}[per]
    many = f"{stats.columns:,} {kind}{'s' if stats.columns > 1 else ''}{of}"
    return f"{stats.samples:,} samples, {many}, {int(stats.count.sum()):,} finite values"


def _row(stats: Stats, per: str, column: int) -> list[str]:
    named = per == "channel" and stats.columns in (3, 4)
    figures = (stats.mean, stats.std, stats.mean_image_std, stats.minimum, stats.maximum)
    share = float(stats.nonfinite_share[column])
    return [
        RGB[column] if named else str(column),
        *(f"{float(figure[column]):.4g}" for figure in figures),
        f"{share:.2%}" if share else "0",
    ]


def _notes(stats: Stats) -> list[str]:
    notes = ["std        pooled over all values: what standardising needs"]
    if bool(stats.images.any()):
        notes.append(
            "image std  mean of each image's own std, as ImageNet's 0.229 0.224 0.225 are (pytorch/vision#1439)"
        )
    if bool(stats.constant.any()):
        notes.append(f"constant   {int(stats.constant.sum()):,} columns hold one value only")
    if stats.joint:
        notes.append(f"covariance {stats.columns:,} x {stats.columns:,}, from {stats.joint.rows:,} rows: in the file")
    return notes


def _pasted(values: Tensor) -> str:
    return "[" + ", ".join(f"{v:.4f}" if 0.001 <= abs(v) < 1000 else f"{v:.6g}" for v in values.tolist()) + "]"


def _without(place: int, cells: list[str]) -> list[str]:
    return cells[:place] + cells[place + 1 :]
