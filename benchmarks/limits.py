"""How much each limit matters: on which programs a rule speaks as its limit is moved.

    python tests/programs/run_all.py --records RECORDS
    python benchmarks/limits.py RECORDS [--rule RULE] [--json FILE]

For each rule with limits, each limit is multiplied by a range of factors, and every record is judged again. *Power* is
the share of the programs made for the rule on which it speaks (by itself or as a consequence), *false* the share of
sound programs (healthy ones and fixed twins) on which it gives a warning or an error. A good limit stands on a plateau:
both shares stay as they are when it is halved or doubled. Shares are cut to 0..1 after multiplying.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "programs"))

from run_all import EXPECTED

from headstart.diagnosis import diagnose
from headstart.diagnosis.rules import Rule, catalogue, find
from headstart.findings import Finding
from headstart.record import Record, read_record
from headstart.settings import Settings

FACTORS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("records", type=Path, help="folder that run_all.py --records has filled")
    parser.add_argument("--rule", help="this rule only")
    parser.add_argument("--json", type=Path, help="write the table")
    given = parser.parse_args()
    records = {path.stem: read_record(path) for path in sorted(given.records.glob("*.db")) if "." not in path.stem}
    if not records:
        parser.error(f"{given.records} holds no records: python tests/programs/run_all.py --records {given.records}")
    rows = []
    for rule in [find(given.rule)] if given.rule else catalogue():
        for name, value in rule.limits.items():
            cells = dict(row_of(rule, name, value, records))
            rows.append({"rule": rule.name, "limit": name, "value": value, "by_factor": cells})
            told = "  ".join(f"{factor:g}: {power:.0%}/{false:.1%}" for factor, (power, false) in cells.items())
            print(f"{rule.name:34} {name:20} {value:<8g} power/false  {told}", flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


def row_of(
    rule: Rule, name: str, value: float, records: Mapping[str, Record]
) -> Iterator[tuple[float, tuple[float, float]]]:
    made = [stem for stem in records if EXPECTED.get(stem, {}).get("made_for") == rule.name]
    sound = [stem for stem in records if stem not in EXPECTED]
    for factor in FACTORS:
        moved = min(value * factor, 1.0) if 0 < value <= 1 and factor > 1 else value * factor
        with Settings(limits={rule.name: {name: moved}}).in_force():
            power = [stem for stem in made if any(said(records[stem], rule))]
            false = [stem for stem in sound if any(f.severity != "advice" for f in said(records[stem], rule))]
        yield factor, (len(power) / max(1, len(made)), len(false) / max(1, len(sound)))


def said(record: Record, rule: Rule) -> Iterator[Finding]:
    for root in diagnose(record, rules=[rule]).findings:
        yield from (one for one in (root, *root.explains) if one.rule == rule.name)


if __name__ == "__main__":
    main()
