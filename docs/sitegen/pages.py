"""All pages of the site in one language: those that somebody wrote, and those that the code gives."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headstart.diagnosis.text import Language
from sitegen.words import WORDS

DOCS = Path(__file__).parents[1]
WRITTEN = (
    "index",
    "start",
    "diagnose",
    "initialization",
    "statistics",
    "preprocessing",
    "normalization",
    "textbook",
    "lab",
    "comparison",
)


@dataclass(frozen=True)
class Page:
    """One page: where it lies in the site, its title in the navigation, and its Markdown."""

    path: str  # "rules/dead-relu.md"
    title: str
    text: str


def written(language: Language) -> tuple[Page, ...]:
    """The pages in docs/ or docs/zh/, by WRITTEN's order."""
    return tuple(Page(f"{name}.md", WORDS.say(language, name), _text(name, language)) for name in WRITTEN)


def _text(name: str, language: Language) -> str:
    """A page that nobody has translated stands in English, and says so."""
    path = DOCS / ("" if language == "en" else language) / f"{name}.md"
    if not path.exists():
        note = f'!!! note ""\n    {WORDS.say(language, "english")}\n\n'
        return note + (DOCS / f"{name}.md").read_text(encoding="utf-8")
    return path.read_text(encoding="utf-8").replace(
        "](../plots/", "](plots/"
    )  # it lies one folder deeper than its site


def navigation(language: Language) -> list[dict[str, Any]]:
    """The tabs and what they hold: titles, and the paths of pages."""

    def titled(*names: str) -> list[dict[str, Any]]:
        return [{WORDS.say(language, name): f"{name}.md"} for name in names]

    return [
        {WORDS.say(language, "index"): "index.md"},
        *titled("start", "diagnose"),
        {WORDS.say(language, "set up"): titled("initialization", "statistics", "preprocessing", "normalization")},
        {WORDS.say(language, "learn"): titled("textbook", "lab")},
        *titled("comparison"),
    ]
