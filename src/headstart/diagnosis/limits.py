"""What limits do on programs: measured by benchmarks/limits.py, shown by `headstart explain RULE`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from headstart.diagnosis.rules import Rule

PATH = Path(__file__).with_name("limits.json")
FACTORS = (0.5, 1.0, 2.0)  # by which each limit was moved
REMEASURE = "python benchmarks/limits.py --save"


def measured(rule: Rule) -> str:
    """A section of Markdown for the rule's page; "" for a rule without limits, or one that was not measured."""
    known = _read()
    rows = known["rules"].get(rule.name, {})
    rows = {name: row for name, row in rows.items() if rule.limits.get(name) == row["value"]}
    if not rows:
        return ""
    first = next(iter(rows.values()))
    made, sound = first["made"], first["sound"]
    power, false = first["1"]
    lines = [
        "## Measured",
        f"It speaks on {power} of {made} programs that were made for it, and warns on {false} of {sound} sound ones "
        f"(tests/programs, {known['date']}). With the limit",
        "",
        *(f"- `{name}` halved: {_told(row, '0.5')}; doubled: {_told(row, '2')}" for name, row in rows.items()),
    ]
    return "\n".join(lines)


def _told(row: dict[str, Any], factor: str) -> str:
    power, false = row[factor]
    return f"{power} of {row['made']}, and {false} of {row['sound']}"


@lru_cache(maxsize=1)
def _read() -> dict[str, Any]:
    return json.loads(PATH.read_text(encoding="utf-8"))  # type: ignore[no-any-return]
