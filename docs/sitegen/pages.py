"""All pages of the site in one language: those that somebody wrote, and those that the code gives."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from headstart.diagnosis.page import FACTS, unwrapped
from headstart.diagnosis.text import Language
from headstart.lab.page import WORDS as LAB
from sitegen import claims, commands, reference, rules
from sitegen.markdown import Page
from sitegen.words import WORDS

DOCS = Path(__file__).parents[1]
OUTSIDE = re.compile(r"\[([^\]]+)\]\((?:\.\./)+([^)]+)\)")  # a link to a file that the site does not hold
MEASURED = re.compile(r"<!-- peers: .*?<!-- /peers -->", re.DOTALL)  # written by benchmarks/peers
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


def pages(language: Language) -> tuple[Page, ...]:
    return (
        *written(language),
        commands.page(language),
        *rules.pages(language),
        *claims.pages(language),
        *reference.pages(language),
    )


def written(language: Language) -> tuple[Page, ...]:
    """The pages in docs/ or docs/zh/, by WRITTEN's order."""
    return tuple(Page(f"{name}.md", WORDS.say(language, name), _text(name, language)) for name in WRITTEN)


def _text(name: str, language: Language) -> str:
    english = (DOCS / f"{name}.md").read_text(encoding="utf-8")
    if language == "en":
        return OUTSIDE.sub(r"\1 (`\2`)", english)
    text = (DOCS / language / f"{name}.md").read_text(encoding="utf-8")
    text = text.replace("](../plots/", "](plots/")  # it lies one folder deeper than its site
    for table in MEASURED.findall(english):  # figures need no translation
        text = MEASURED.sub(lambda _, table=table: table, text, count=1)
    return unwrapped(OUTSIDE.sub(r"\1（`\2`）", text))


def navigation(language: Language) -> list[dict[str, Any]]:
    """The tabs and what they hold: titles, and the paths of pages."""

    def titled(*names: str) -> list[dict[str, Any]]:
        return [{WORDS.say(language, name): f"{name}.md"} for name in names]

    return [
        {WORDS.say(language, "index"): "index.md"},
        *titled("start"),
        {WORDS.say(language, "diagnosis"): titled("diagnose", "commands")},
        {WORDS.say(language, "set up"): titled("initialization", "statistics", "preprocessing", "normalization")},
        {WORDS.say(language, "rules page"): _rules(language)},
        {WORDS.say(language, "learn"): [*titled("textbook", "lab"), *_claims(language)]},
        {WORDS.say(language, "reference"): _reference(language)},
        *titled("comparison"),
    ]


def _rules(language: Language) -> list[Any]:
    groups = [
        {FACTS.say(language, group): [{rule.name: rules.path(rule.name)} for rule in found]}
        for group, found in rules.by_group()
    ]
    return ["rules/index.md", *groups]


def _claims(language: Language) -> list[Any]:
    groups = [
        {LAB.say(language, group): [{c.name: claims.path(c.name)} for c in claims.catalogue() if c.group == group]}
        for group in claims.GROUPS
    ]
    return [{WORDS.say(language, "claims"): ["claims/index.md", *groups]}]


def _reference(language: Language) -> list[Any]:
    subjects = [{WORDS.say(language, subject): reference.path(subject)} for subject in reference.SUBJECTS]
    return ["reference/index.md", *subjects]
