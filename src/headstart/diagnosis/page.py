"""A rule's page: its module's docstring, read into its sections."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass

HEADINGS = (
    "What it sees",
    "Why it hurts",
    "Example",
    "Use instead",
    "Limits",
    "Stays silent when",
    "References",
)


@dataclass(frozen=True)
class Page:
    """What `headstart explain` and the docs show of a rule."""

    summary: str  # one sentence
    sections: tuple[tuple[str, str], ...]  # heading, Markdown

    def section(self, heading: str) -> str:
        return dict(self.sections)[heading]

    def code(self, heading: str) -> str:
        """The first Python block below `heading`, or ""."""
        found = re.search(r"```python\n(.*?)```", dict(self.sections).get(heading, ""), re.DOTALL)
        return found.group(1) if found else ""


def parse(docstring: str | None) -> Page:
    summary, *parts = re.split(r"^## ", inspect.cleandoc(docstring or ""), flags=re.MULTILINE)
    sections = (part.partition("\n") for part in parts)
    return Page(summary.strip(), tuple((heading.strip(), body.strip()) for heading, _, body in sections))
