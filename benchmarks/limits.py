"""How much each limit matters: on which programs a rule speaks as its limit is moved.

    python benchmarks/limits.py --save                 # watches all programs first: some minutes on two quiet cores
    python benchmarks/limits.py --records RECORDS [--rule RULE] [--save]    # keeps records there, runs what lacks one
    python benchmarks/limits.py --records RECORDS --second                  # the limits of the second look alone

For each rule with limits, each limit is multiplied by a range of factors, and every record is judged again. *Power* is
the share of the programs made for the rule on which it speaks (by itself or as a consequence), *false* the share of
sound programs (healthy ones and fixed twins) on which it gives a warning or an error. A good limit stands on a plateau:
both shares stay as they are when it is halved or doubled. Shares are cut to 0..1 after multiplying. Below them stand
the limits that other tools publish, as they were measured.

`--save` writes what `headstart explain RULE` shows, src/headstart/diagnosis/limits.json; with --rule, that rule's part.
"""

from __future__ import annotations

import argparse
import functools
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "programs"))

from forks import forked, watched
from run_all import EXPECTED, FAULTY, HEALTHY, programs

from headstart.diagnosis import diagnose
from headstart.diagnosis.case import Case
from headstart.diagnosis.limits import FACTORS as SAVED
from headstart.diagnosis.limits import PATH
from headstart.diagnosis.needs import missing
from headstart.diagnosis.rules import Rule, catalogue, find
from headstart.findings import Finding
from headstart.record import Record, read_record
from headstart.settings import Settings

FACTORS = (0.25, 0.5, 0.8, 1.0, 1.25, 2.0, 4.0)
FACTS = ("value", "made", "sound")  # of a limit: as it is in the code, programs made for its rule, sound programs

# The share of sound programs on which a tool's own limit speaks at least once. Measured with torch 2.15 on 69 healthy
# programs, each once under hooks, at its first ten steps and every tenth after; the programs are not those of
# tests/programs, though of the same kinds. Activations by functions were not seen, so rows on them are lower bounds.
PUBLISHED = {
    "SageMaker Debugger": {
        "the loss is not below that of 10 steps before": 0.93,
        "a gradient's 95th less its 5th percentile below 0.001": 0.59,
        "weight variances apart by a factor of 10": 0.52,
        "a tensor's mean gradient below 1e-7": 0.17,
        "update over weight outside 1e-8..10": 0.15,
        "half of a layer dead": 0.01,
    },
    "UMLAUT": {
        "inputs outside -1..1": 0.65,
        "a rate above 0.01": 0.28,
        "integers as input": 0.10,
    },
    "DeepDiagnosis": {
        "a variance outside 1e-5..10": 0.59,
        "a rate outside 1e-5..0.1": 0.12,
        "half of the values saturated": 0.01,
    },
    "TheDeepChecker": {
        "log10 of update over weight outside -4..-1": 0.45,
        "a standard deviation of activations outside 0.5..2": 0.39,
        "less than 5 % fall of the loss in a window": 0.38,
    },
    "AutoTrainer": {
        "70 % of gradients zero": 0.12,
        "first over last gradient below 1e-3, and the first below 1e-4": 0.10,
    },
    "trainpulse": {
        "a loss of 5 times its running mean": 0.26,
    },
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=Path, help="folder of records; programs that have none there are run")
    parser.add_argument("--rule", help="this rule only")
    parser.add_argument("--second", action="store_true", help="the less strict limits of the second look")
    parser.add_argument("--save", action="store_true", help=f"write {PATH.name}")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="processes at a time (default: 2)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        records = read(recorded((given.records or Path(folder)).resolve(), given.workers))
    if given.second:
        second(records)
        return
    told: dict[str, Any] = {}
    rules = [rule.name for rule in ([find(given.rule)] if given.rule else catalogue()) if rule.limits]
    found = forked(functools.partial(rows_of, records=records), rules, given.workers)
    for rule, rows in zip(rules, found, strict=True):
        for name, row in rows.items():
            shares = "  ".join(f"{factor}: {shown(row, factor)}" for factor in row if factor not in FACTS)
            print(f"{rule:34} {name:20} {row['value']:<8g} power/false  {shares}", flush=True)
            told.setdefault(rule, {})[name] = {key: row[key] for key in (*FACTS, *(f"{f:g}" for f in SAVED))}
    print("\nlimits that other tools publish: share of 69 sound programs on which they speak")
    for tool, limits in PUBLISHED.items():
        for what, share in limits.items():
            print(f"{tool:34} {what:64} {share:.0%}")
    if given.save:
        save(told, whole=not given.rule)


def second(records: Mapping[str, Record]) -> None:
    """On how many sound programs a rule would speak by its second look's limits, had they not learnt."""
    cases = [replace(Case.of(records[stem]), learns=False) for stem in sound(records)]
    for rule in catalogue():
        if rule.second_look:
            with rule.limited(rule.second_look):
                spoke = sum(missing(rule, case) is None and any(True for _ in rule.judge(case)) for case in cases)
            limits = ", ".join(f"{name} {value:g}" for name, value in rule.second_look.items())
            print(f"{rule.name:34} {spoke} of {len(cases)} ({spoke / max(1, len(cases)):.1%})  {limits}")


def recorded(folder: Path, workers: int) -> Path:
    """Fills the folder with the records that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for path in programs(FAULTY) + programs(HEALTHY) if not (folder / f"{path.stem}.db").exists()]
    for path, _ in zip(paths, forked(functools.partial(keep, folder=folder), paths, workers), strict=True):
        print(f"ran {path.stem}", file=sys.stderr, flush=True)
    return folder


def keep(path: Path, folder: Path) -> None:
    watched(path, folder / f"{path.stem}.db")


def read(folder: Path) -> dict[str, Record]:
    return {path.stem: read_record(path) for path in sorted(folder.glob("*.db")) if "." not in path.stem}


def rows_of(rule: str, records: Mapping[str, Record]) -> dict[str, dict[str, Any]]:
    """By limit and factor: on how many programs made for it the rule speaks, and on how many sound ones it warns."""
    return {name: dict(row_of(find(rule), name, value, records)) for name, value in find(rule).limits.items()}


def row_of(rule: Rule, name: str, value: float, records: Mapping[str, Record]) -> Iterator[tuple[str, Any]]:
    yield from (("value", value), ("made", len(made_for(rule, records))), ("sound", len(sound(records))))
    for factor in FACTORS:
        moved = min(value * factor, 1.0) if 0 < value <= 1 and factor > 1 else value * factor
        moved = max(1, round(moved)) if isinstance(value, int) else moved  # a count stays one
        with Settings(limits={rule.name: {name: moved}}).in_force():
            power = [stem for stem in made_for(rule, records) if any(said(records[stem], rule))]
            false = [s for s in sound(records) if any(f.severity != "advice" for f in said(records[s], rule))]
        yield f"{factor:g}", [len(power), len(false)]


def made_for(rule: Rule, records: Mapping[str, Record]) -> list[str]:
    return [stem for stem in records if EXPECTED.get(stem, {}).get("made_for") == rule.name]


def sound(records: Mapping[str, Record]) -> list[str]:
    return [stem for stem in records if stem not in EXPECTED]


def shown(row: Mapping[str, Any], factor: str) -> str:
    power, false = row[factor]
    return f"{power / max(1, row['made']):.0%}/{false / max(1, row['sound']):.1%}"


def said(record: Record, rule: Rule) -> Iterator[Finding]:
    for root in diagnose(record, rules=[rule]).findings:
        yield from (one for one in (root, *root.explains) if one.rule == rule.name)


def save(told: Mapping[str, Any], *, whole: bool) -> None:
    """One line a limit, so that a change of one shows as one."""
    known = {} if whole or not PATH.exists() else json.loads(PATH.read_text(encoding="utf-8"))["rules"]
    rules = {**known, **told}
    body = ",\n".join(
        f"  {json.dumps(rule)}: {{\n"
        + ",\n".join(f"    {json.dumps(name)}: {json.dumps(row)}" for name, row in limits.items())
        + "\n  }"
        for rule, limits in sorted(rules.items())
    )
    date = datetime.now(timezone.utc).date().isoformat()
    PATH.write_text(f'{{"date": "{date}", "rules": {{\n{body}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
