"""Pages and pieces of Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CODE = re.compile(r"(^```.*?^```|`[^`\n]+`)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Page:
    """One page: where it lies in the site, its title in the navigation, and its Markdown."""

    path: str  # "rules/dead-relu.md"
    title: str
    text: str


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [_row(heads), f"|{'---|' * len(heads)}", *map(_row, rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    """A bar within code is no border."""
    return f"| {' | '.join(cell.replace(chr(10), ' ') for cell in cells)} |"


def fenced(kind: str, text: str) -> str:
    return f"```{kind}\n{text.strip(chr(10))}\n```\n"


def note(text: str) -> str:
    return f'!!! note ""\n    {text}'


def folded(title: str, text: str) -> str:
    """Shown on a click."""
    body = "\n".join(f"    {line}".rstrip() for line in text.splitlines())
    return f'??? quote "{title}"\n\n{body}'


def linked(text: str, links: Mapping[str, str]) -> str:
    """`text` with links from the names in it, but not within code."""
    names = re.compile(rf"(?<![\w/-])({'|'.join(map(re.escape, sorted(links, key=len, reverse=True)))})(?![\w/-])")
    parts = CODE.split(text)
    parts[::2] = [names.sub(lambda found: f"[{found[1]}]({links[found[1]]})", part) for part in parts[::2]]
    return "".join(parts)
