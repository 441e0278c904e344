"""A page for each rule, and the list of them: from the rules' own files, as `headstart explain` prints them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headstart.diagnosis.explain import GROUPS
from headstart.diagnosis.page import FACTS, SECTIONS
from headstart.diagnosis.rules import Rule, catalogue
from headstart.diagnosis.text import Language
from headstart.wording import number
from sitegen.markdown import Page, linked, table
from sitegen.words import SPEAKS, WORDS

FIELD = re.compile(r"\{(\w+)[^}]*\}")
SENTENCE_ENDS = (".", "。", "!", "？", "?")


def pages(language: Language) -> Iterator[Page]:
    """The list first."""
    yield Page("rules/index.md", WORDS.say(language, "rules page"), _list(language))
    for rule in catalogue():
        yield Page(path(rule.name), rule.name, page(rule, language))


def path(rule: str) -> str:
    return f"rules/{rule}.md"


def by_group() -> Iterator[tuple[str, tuple[Rule, ...]]]:
    """The groups that have rules, the more fundamental first."""
    for group in GROUPS:
        rules = tuple(rule for rule in catalogue() if rule.group == group)
        if rules:
            yield group, rules


def _list(language: Language) -> str:
    parts = [f"# {WORDS.say(language, 'rules page')}", WORDS.say(language, "rules lead", count=len(catalogue()))]
    for group, rules in by_group():
        parts += [
            f"## {FACTS.say(language, group)}",
            WORDS.say(language, "group speaks when", when=SPEAKS.say(language, group)),
            table(
                [WORDS.say(language, "rule"), WORDS.say(language, "what it says")],
                [(f"[{rule.name}]({rule.name}.md)", _short(rule, language)) for rule in rules],
            ),
        ]
    return "\n\n".join(parts)


def _short(rule: Rule, language: Language) -> str:
    summary, request = rule.page_in(language).summary, rule.request(language)
    return f"{summary} ({request})" if request else summary


def page(rule: Rule, language: Language) -> str:
    """Its page in that language, with what it says and how its limits are changed."""
    text = rule.page_in(language)
    parts = [f"# {rule.name}", rule.facts(language), text.summary]
    parts += [f"## {WORDS.say(language, 'what it says')}", WORDS.say(language, "fields"), _said(rule, language)]
    for heading, body in text.sections:
        parts += [f"## {SECTIONS.say(language, heading)}", linked(body, _links())]
        if heading == "Limits" and rule.limits:
            parts.append(_how_to_change(rule, language))
    file = f"src/headstart/diagnosis/rules/{rule.name.replace('-', '_')}.py"
    parts.append(WORDS.say(language, "source", file=file))
    return "\n\n".join(parts)


def said(rule: Rule, language: Language) -> list[str]:
    """The whole sentences among its texts, their fields as code; what it sees and its causes, not comments on code."""
    texts = (rule.text.zh if language == "zh" else rule.text.en).values()
    sentences = [text for text in texts if text.rstrip().endswith(SENTENCE_ENDS)]
    return [FIELD.sub(r"`\1`", text) for text in sentences or texts]


def _said(rule: Rule, language: Language) -> str:
    return "\n".join(f"- {sentence}" for sentence in said(rule, language))


def _how_to_change(rule: Rule, language: Language) -> str:
    values = "\n".join(f"{name} = {_plain(value)}" for name, value in rule.limits.items())
    return f"{WORDS.say(language, 'change limits')}\n\n```toml\n[tool.headstart.limits.{rule.name}]\n{values}\n```"


def _plain(value: float) -> str:
    return number(value).replace(",", "") if value == int(value) else repr(value)


def _links() -> dict[str, str]:
    """Where a rule's name in the text of another leads."""
    return {rule.name: f"{rule.name}.md" for rule in catalogue()}
