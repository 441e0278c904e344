"""The rule catalogue: one file a rule, found by its name.

A rule's module is its page (docstring), its facts (the constants below) and one function of the file's name:

    GROUP = "signal"                # DESIGN.md's groups, in explain.GROUPS
    RESTS_ON = "share"              # "fact", "share" (of units, steps, labels) or "size" (of figures: gated by skill)
    NEEDS = ("activation.dead",)    # figures of the record; without one of them the rule is not judged
    SINCE, STATUS = "0.1.0", "stable"
    TEXT = Text(en={...}, zh={...})

    def dead_relu(case: Case) -> Iterator[Finding]: ...

Limits are constants in capitals, each with its source; SECOND_LOOK may name less strict ones (see second_look.py).
`ON_REQUEST = True` marks advice of design that costs no run its success: asked only where it is selected by its name,
advice always, and cause of nothing.
Adding a rule touches one new file here, and its test; the page's Chinese text is a file of the same name in zh/.
"""

from __future__ import annotations

import difflib
import importlib
import pkgutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from types import ModuleType
from typing import Literal

from headstart.diagnosis.case import Case
from headstart.diagnosis.page import FACTS as WORDS
from headstart.diagnosis.page import SECOND_LOOK, SECTIONS, Page, parse, translated
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
    usual: Mapping[str, float]  # its limits, but for a user's
    on_request: bool = False  # asked only where it is selected by its name

    @cached_property
    def page(self) -> Page:
        return parse(self.module.__doc__)

    def page_in(self, language: Language) -> Page:
        """The page in that language: the English one where it has not been translated."""
        path = Path(__file__).parent / language / f"{self.name.replace('-', '_')}.md"
        page = translated(self.page, path.read_text(encoding="utf-8")) if path.exists() else self.page
        if not self.second_look:
            return page
        limits = ", ".join(f"`{name}` {value:g}" for name, value in self.second_look.items())
        return page.with_more("Limits", SECOND_LOOK.say(language, "limits", limits=limits))

    def facts(self, language: Language) -> str:
        """Group, version, status and what it rests on, and how it is asked if it is not by default, in a line."""
        group, status, basis = (
            WORDS.say(language, key) for key in (self.group, self.status, f"rests on {self.rests_on}")
        )
        told = WORDS.say(language, "facts", group=group, since=self.since, status=status, rests_on=basis)
        return " · ".join(filter(None, (told, self.request(language))))

    def request(self, language: Language) -> str:
        """How a rule on request is asked; "" of the others."""
        return WORDS.say(language, "on request", rule=self.name) if self.on_request else ""

    def markdown(self, language: Language = "en") -> str:
        """The page as one text, for the terminal and for other tools."""
        page = self.page_in(language)
        sections = (f"## {SECTIONS.say(language, heading)}\n{body}" for heading, body in page.sections)
        return "\n\n".join((f"# {self.name}", page.summary, f"*{self.facts(language)}*", *sections))

    @property
    def limits(self) -> dict[str, float]:
        """Its limits by name."""
        return _limits(self.module)

    @property
    def second_look(self) -> Mapping[str, float]:
        """Less strict limits, by name, for a run that does not learn though nothing is found."""
        return getattr(self.module, "SECOND_LOOK", {})

    @contextmanager
    def limited(self, limits: Mapping[str, float]) -> Iterator[None]:
        """Within, its limits are these."""
        before = {name: getattr(self.module, name) for name in limits}
        vars(self.module).update(limits)
        try:
            yield
        finally:
            vars(self.module).update(before)


@lru_cache(maxsize=1)
def catalogue() -> tuple[Rule, ...]:
    """All rules, by name."""
    return tuple(_rule(name) for name in sorted(found.name for found in pkgutil.iter_modules(__path__)))


def by_default() -> tuple[Rule, ...]:
    """The rules that are asked unless the user says otherwise."""
    return tuple(rule for rule in catalogue() if not rule.on_request)


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
    name, judge = file.replace("_", "-"), getattr(module, file)
    on_request = getattr(module, "ON_REQUEST", False)
    return Rule(name=name, judge=judge, module=module, usual=_limits(module), on_request=on_request, **facts)


def _limits(module: ModuleType) -> dict[str, float]:
    numbers = {name: value for name, value in vars(module).items() if isinstance(value, (int, float))}
    return {name: value for name, value in numbers.items() if name.isupper() and not isinstance(value, bool)}
