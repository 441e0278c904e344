"""The rule catalogue: one file a rule, found by its name.

A rule's module is its page (docstring), its facts (the constants below) and one function of the file's name:

    GROUP = "signal"                # DESIGN.md's groups, in explain.GROUPS
    RESTS_ON = "share"              # "fact", "share" (of units, steps, labels) or "size" (of figures: gated by skill)
    NEEDS = ("activation.dead",)    # figures of the record; without one of them the rule is not judged
    SINCE, STATUS = "0.1.0", "stable"
    TEXT = Text(en={...}, zh={...})

    def dead_relu(case: Case) -> Iterator[Finding]: ...

Limits are constants in capitals, each with its source. Adding a rule touches one new file here, and its test; the
page's Chinese text is a file of the same name in zh/.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from headstart.diagnosis.case import Case
from headstart.diagnosis.page import FACTS as WORDS
from headstart.diagnosis.page import SECTIONS, Page, parse, translated
from headstart.diagnosis.text import Language, Text
from headstart.errors import HeadstartError
from headstart.findings import Finding

Basis = Literal["fact", "share", "size"]
Status = Literal["stable", "preview"]
FACTS = ("GROUP", "RESTS_ON", "NEEDS", "SINCE", "STATUS", "TEXT")


@dataclass(frozen=True)
class Rule:
    """One rule of the catalogue."""

    name: str  # "dead-relu"
    group: str
    rests_on: Basis
    needs: tuple[str, ...]
    since: str  # the version that it came with
    status: Status
    text: Text
    judge: Callable[[Case], Iterable[Finding]]
    module: ModuleType

    @cached_property
    def page(self) -> Page:
        return parse(self.module.__doc__)

    def page_in(self, language: Language) -> Page:
        """The page in that language: the English one where it has not been translated."""
        path = Path(__file__).parent / language / f"{self.name.replace('-', '_')}.md"
        return translated(self.page, path.read_text(encoding="utf-8")) if path.exists() else self.page

    def facts(self, language: Language) -> str:
        """Group, version, status and what it rests on, in a line."""
        group, status, basis = (
            WORDS.say(language, key) for key in (self.group, self.status, f"rests on {self.rests_on}")
        )
        return WORDS.say(language, "facts", group=group, since=self.since, status=status, rests_on=basis)

    def markdown(self, language: Language = "en") -> str:
        """The page as one text, for the terminal and for other tools."""
        page = self.page_in(language)
        sections = (f"## {SECTIONS.say(language, heading)}\n{body}" for heading, body in page.sections)
        return "\n\n".join((f"# {self.name}", page.summary, f"*{self.facts(language)}*", *sections))

    @property
    def limits(self) -> dict[str, float]:
        """Its limits by name."""
        named = vars(self.module).items()
        return {name: value for name, value in named if name.isupper() and isinstance(value, (int, float))}


@lru_cache(maxsize=1)
def catalogue() -> tuple[Rule, ...]:
    """All rules, by name."""
    return tuple(_rule(name) for name in sorted(found.name for found in pkgutil.iter_modules(__path__)))


def find(name: str) -> Rule:
    """The rule called `name`. Raises HeadstartError with the nearest match if there is none."""
    rules = {rule.name: rule for rule in catalogue()}
    if name in rules:
        return rules[name]
    near = difflib.get_close_matches(name, rules, 1, 0.4)
    hint = f"Did you mean {near[0]}? " if near else ""
    raise HeadstartError(f"There is no rule {name!r}", f"{hint}headstart explain lists all rules")


def _rule(file: str) -> Rule:
    module = importlib.import_module(f"{__name__}.{file}")
    facts = {fact.lower(): getattr(module, fact) for fact in FACTS}
    return Rule(name=file.replace("_", "-"), judge=getattr(module, file), module=module, **facts)
