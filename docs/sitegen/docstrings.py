"""Docstrings as Markdown: Google's sections, and parameters as lists, whichever way they are written down."""

from __future__ import annotations

import inspect
import re
from collections.abc import Sequence
from typing import Any

from headstart.diagnosis.text import Language
from sitegen.markdown import fenced
from sitegen.words import WORDS

SECTION = re.compile(r"^(Args|Returns|Raises|Example|Examples):$")
COLON = re.compile(r"^(?P<names>\w+(?:, \w+)*): (?P<text>.+)$")  # `name: what it is`
COLUMNS = re.compile(r"^(?P<names>\w+(?:, \w+)*) {2,}(?P<text>.+)$")  # `name   what it is`


def first_sentence(value: Any) -> str:
    paragraph = (inspect.getdoc(value) or "").split("\n\n")[0].replace("\n", " ")
    return re.split(r"(?<=[.:])\s+(?=[A-Z])", paragraph, maxsplit=1)[0].rstrip(":")


def one_line(value: Any) -> str:
    """The whole docstring in one line, for a table's cell."""
    return " ".join((inspect.getdoc(value) or "").split())


def markdown(value: Any, language: Language) -> str:
    """The docstring of a function, class or module."""
    parameters = _parameters(value)
    lines = (inspect.getdoc(value) or "").splitlines()
    parts: list[str] = []
    for paragraph in _paragraphs(lines):
        section = SECTION.match(paragraph[0])
        if section:
            parts += [f"**{WORDS.say(language, section[1])}**", _section(section[1], _dedented(paragraph[1:]))]
        else:
            parts.append(_paragraph(paragraph, parameters))
    return "\n\n".join(part.strip() for part in parts)


def _parameters(value: Any) -> frozenset[str]:
    return frozenset(inspect.signature(value).parameters) if callable(value) else frozenset()


def _paragraphs(lines: Sequence[str]) -> list[list[str]]:
    """Cut at blank lines and before sections; a section goes on over blank lines while its lines are indented."""
    parts: list[list[str]] = [[]]
    for line in lines:
        section = bool(parts[-1]) and SECTION.match(parts[-1][0])
        if SECTION.match(line) or (section and line and not line.startswith(" ")):
            parts.append([line])
        elif not line and not section:
            parts.append([])
        else:
            parts[-1].append(line)
    return [part for part in parts if part]


def _section(name: str, lines: list[str]) -> str:
    if name.startswith("Example"):
        return fenced("pycon", "\n".join(lines))
    if name == "Returns":
        return "\n".join(lines)
    return _list(lines, COLON)


def _paragraph(lines: list[str], parameters: frozenset[str]) -> str:
    for form in (COLON, COLUMNS):
        if _is_list(lines, form, parameters):
            return _list(lines, form)
    if any(COLUMNS.match(line) and set(COLUMNS.match(line)["names"].split(", ")) <= parameters for line in lines):  # type: ignore[index]
        return fenced("text", "\n".join(lines))  # a table of its own form
    if all(line.startswith("    ") for line in lines):
        return fenced("python", "\n".join(_dedented(lines)))
    return "\n".join(lines)


def _is_list(lines: Sequence[str], form: re.Pattern[str], parameters: frozenset[str]) -> bool:
    """Each line names parameters, or goes on with the one before."""
    for line in lines:
        found = form.match(line)
        names = set(found["names"].split(", ")) if found else set()
        if found and not names <= parameters:
            return False
        if not found and (not line.startswith(" ") or re.search(r'^ +"\w+" {2,}', line)):
            return False
    return bool(form.match(lines[0]))


def _list(lines: Sequence[str], form: re.Pattern[str]) -> str:
    items: list[str] = []
    for line in lines:
        found = form.match(line)
        if found:
            names = ", ".join(f"`{name}`" for name in found["names"].split(", "))
            items.append(f"- {names}: {found['text']}")
        elif items:
            items[-1] += f" {line.strip()}"
        else:
            items.append(line)
    return "\n".join(items)


def _dedented(lines: Sequence[str]) -> list[str]:
    return inspect.cleandoc("\n" + "\n".join(lines)).splitlines()
