"""Lines of a width: English breaks at spaces, Chinese between its characters, and neither tears what belongs together."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

# Kinsoku: what may not begin a line, and what may not end one (W3C, Requirements for Chinese Text Layout, section 3.1).
NOT_FIRST = "，。、；：！？）】》」』”’…·—～％"
NOT_LAST = "（【《「『“‘"
# With the number before them: units, and the words that Chinese counts with.
_UNIT = re.compile(r"(?:%|ms|s|min|h)(?!\w)|[步个对层批次条种行列维倍秒分小类项组张轮位]")


def wrapped(text: Text, width: int, further: int | None = None) -> list[Text]:
    """`text` in lines of at most `width` cells, those after the first of at most `further`."""
    lines: list[Text] = []
    for part in text.split("\n", allow_blank=True):
        for line in _wrapped(part, width if not lines else (further or width), further or width):
            line.rstrip()
            lines.append(line)
    return lines or [Text("")]


def columns() -> int | None:
    """Of the terminal, at most 100, beyond which prose is hard to read; None where stdout is none."""
    return min(100, shutil.get_terminal_size().columns) if sys.stdout.isatty() else None


def listed(name: str, text: str, indent: int, width: int | None) -> str:
    """`name` and behind it, from column `indent` on, `text`; wrapped where there is a `width`."""
    lines = [line.plain for line in wrapped(Text(text), max(20, width - indent))] if width else [text]
    return name.ljust(indent) + ("\n" + " " * indent).join(lines)


def _wrapped(text: Text, width: int, further: int) -> list[Text]:
    breaks = list(_breaks(text.plain, width, further))
    return list(text.divide(breaks)) if breaks else [text]


def _breaks(plain: str, width: int, further: int) -> Iterator[int]:
    """Where the lines after the first begin."""
    start, room = 0, width
    places = [place for place in range(1, len(plain)) if _may_break(plain, place)]
    last = 0  # the last place that fits
    for place in [*places, len(plain)]:
        if cell_len(plain[start:place].rstrip()) > room:
            if last > start:
                yield last
                start, room = last, further
            while cell_len(plain[start:place].rstrip()) > room:  # one word, longer than a line
                start = _torn(plain, start, room)
                room = further
                yield start
        last = place


def _may_break(plain: str, place: int) -> bool:
    before, after = plain[place - 1], plain[place]
    if after == " " or after in NOT_FIRST or before in NOT_LAST:
        return False
    if before == " ":
        left = plain[: place - 1].rstrip()[-1:]
        return left not in tuple(NOT_LAST) and left != "第" and not (left.isdigit() and _UNIT.match(plain, place))
    return _is_wide(before) or _is_wide(after)


def _torn(plain: str, start: int, room: int) -> int:
    """Where a word that is longer than a line is torn: behind a dot or a slash, if there is one."""
    end = start + 1
    while end < len(plain) and cell_len(plain[start : end + 1]) <= room:
        end += 1
    behind = max(plain.rfind(mark, start, end) for mark in "/.") + 1
    return behind if behind > start + 1 else end


def _is_wide(character: str) -> bool:
    return bool(character) and cell_len(character) == 2
