"""What limits do on programs: measured by benchmarks/limits.py, shown by `headstart explain RULE`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from headstart.diagnosis.rules import Rule
from headstart.diagnosis.text import Language, Text

PATH = Path(__file__).with_name("limits.json")
FACTORS = (0.5, 1.0, 2.0)  # by which each limit was moved
REMEASURE = "python benchmarks/limits.py --save"


WORDS = Text(
    en={
        "heading": "Measured",
        "now": "It speaks on {power} of {made} programs that were made for it, and warns on {false} of {sound} sound ones "
        "(tests/programs, {date}). With the limit",
        "moved": "`{name}` halved: {halved}; doubled: {doubled}",
        "told": "{power} of {made}, and {false} of {sound}",
    },
    zh={
        "heading": "实测",
        "now": "在 {made} 个为它而写的程序中，它对 {power} 个出声；在 {sound} 个健康的程序中，它对 {false} 个发出警告"
        "（tests/programs，{date}）。移动阈值时：",
        "moved": "`{name}` 减半：{halved}；加倍：{doubled}",
        "told": "{made} 个中 {power} 个，{sound} 个中 {false} 个",
    },
)


def measured(rule: Rule, language: Language = "en") -> str:
    """A section of Markdown for the rule's page; "" for a rule without limits, or one that was not measured."""
    known = _read()
    rows = known["rules"].get(rule.name, {})
    rows = {name: row for name, row in rows.items() if rule.limits.get(name) == row["value"]}
    if not rows:
        return ""
    first = next(iter(rows.values()))
    power, false = first["1"]
    now = WORDS.say(
        language, "now", power=power, made=first["made"], false=false, sound=first["sound"], date=known["date"]
    )
    moved = (
        WORDS.say(language, "moved", name=name, halved=_told(row, "0.5", language), doubled=_told(row, "2", language))
        for name, row in rows.items()
    )
    return "\n".join((f"## {WORDS.say(language, 'heading')}", now, "", *(f"- {line}" for line in moved)))


def _told(row: dict[str, Any], factor: str, language: Language) -> str:
    power, false = row[factor]
    return WORDS.say(language, "told", power=power, made=row["made"], false=false, sound=row["sound"])


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    return json.loads(PATH.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
