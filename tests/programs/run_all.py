"""Runs the programs under plain Python and under headstart, and prints what was found in each.

    python tests/programs/run_all.py [--half a|b] [--workers N] [--records FOLDER] [NAME ...]
    python tests/programs/run_all.py --judge FOLDER [--half a|b] [NAME ...]

A faulty program is *right* if one of its accepted rules (expected.toml) stands first or second in the findings, *found*
if it stands anywhere among them or what they explain. A fixed twin or a healthy program is *quiet* if it has neither
warning nor error. *Same* means: status, stdout and stderr are those of plain Python, byte for byte; every program ends
by printing digests of its weights, its last output and all random states. `--records` keeps the records, for
benchmarks/limits.py. `--judge` runs nothing: it judges records that were kept, by today's rules. A fault that over five
seeds is not clearly worse than its twin (verified.json, by verify_faults.py) is shown as *harmless*, and not counted.

Totals stand for each half apart. A program's half follows from a hash of its name: `a` is to tune on, `b` to hold back.
The division came after most of the programs and of the rules, whose authors had seen both halves: what `b` shows is how
far the totals hang on which programs are taken, not what programs would give that nobody has seen.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any

from headstart.diagnosis import diagnose
from headstart.record import read_record
from headstart.report.json import render

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
FAULTY, HEALTHY = HERE / "faulty", HERE / "healthy"
HALVES = "ab"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))
VERIFIED = json.loads((HERE / "verified.json").read_text(encoding="utf-8"))
HARMLESS = {name for name, row in VERIFIED.items() if not row["hurts"]}


@dataclass(frozen=True)
class Result:
    """One program, run twice."""

    name: str
    same: bool | None  # status, stdout and stderr as under plain Python; None: it was only judged
    verdict: str
    found: tuple[tuple[str, ...], ...]  # per finding: its rule, and the rules that it explains
    severities: tuple[str, ...]
    skill: float | None
    seconds: float
    added: float  # seconds over plain Python
    stderr: str = ""

    @property
    def quiet(self) -> bool:
        return not {"warning", "error"} & set(self.severities)

    def rank(self, rules: Iterable[str]) -> int | None:
        """1 for the leading finding; 99 if a rule is found only among consequences; None if not at all."""
        wanted = set(rules)
        for place, (rule, *_) in enumerate(self.found, 1):
            if rule in wanted:
                return place
        return 99 if any(wanted & set(rules) for rules in self.found) else None


def run(path: Path, records: Path | None = None) -> Result:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "found.json")
        began = time.perf_counter()
        plain = subprocess.run([sys.executable, path], cwd=folder, env=environment, capture_output=True, check=False)
        between = time.perf_counter()
        kept = ["--record", str(records / f"{path.stem}.db")] if records else []
        quiet = [sys.executable, "-m", "headstart", "run", "--quiet", "--json", str(report), *kept]
        watched = subprocess.run([*quiet, path], cwd=folder, env=environment, capture_output=True, check=False)
        ended = time.perf_counter()
        told = (
            json.loads(report.read_text(encoding="utf-8")) if report.exists() else {"findings": [], "verdict": "none"}
        )
    same = [plain.returncode, plain.stdout, plain.stderr] == [watched.returncode, watched.stdout, watched.stderr]
    return result_of(
        path.stem,
        told,
        same=same,
        seconds=between - began,
        added=(ended - between) - (between - began),
        stderr=watched.stderr.decode(errors="replace") if not same else "",
    )


def judge(record: Path) -> Result:
    began = time.perf_counter()
    told = json.loads(render(diagnose(read_record(record))))
    return result_of(record.stem, told, same=None, seconds=time.perf_counter() - began, added=0.0)


def result_of(name: str, told: dict[str, Any], **of_the_run: Any) -> Result:
    return Result(
        name,
        verdict=told["verdict"],
        found=tuple((f["rule"], *(e["rule"] for e in f["explains"])) for f in told["findings"]),
        severities=tuple(f["severity"] for f in told["findings"]),
        skill=(told.get("skill") or {}).get("value"),
        **of_the_run,
    )


def programs(folder: Path, half: str | None = None, names: Iterable[str] = ()) -> list[Path]:
    """The programs of a folder; a fixed twin goes with its faulty program."""
    wanted = set(names)

    def takes(path: Path) -> bool:
        stem = path.stem.removesuffix("_fixed")
        return path.stem != "digest" and (half is None or half_of(stem) == half) and (not wanted or stem in wanted)

    return [path for path in sorted(folder.glob("*.py")) if takes(path)]


def run_all(paths: Iterable[Path], workers: int = 2, records: Path | None = None) -> Iterator[Result]:
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(run, paths, itertools.repeat(records))


def judge_all(paths: Iterable[Path], records: Path, workers: int = 2) -> Iterator[Result]:
    kept = {record.stem: record for record in records.rglob("*.db")}
    with ProcessPoolExecutor(workers) as pool:
        yield from pool.map(judge, [kept[path.stem] for path in paths if path.stem in kept], chunksize=4)


def half_of(name: str) -> str:
    """A fixed twin is in the half of its faulty program."""
    stem = name.removesuffix("_fixed")
    return HALVES[hashlib.sha256(stem.encode()).digest()[0] % len(HALVES)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs without .py (default: all)")
    parser.add_argument("--half", choices=list(HALVES))
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="programs at a time (default: 2)")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--records", type=Path, metavar="FOLDER", help="keep the records there")
    what.add_argument("--judge", type=Path, metavar="FOLDER", help="judge the records that are there")
    given = parser.parse_args()
    records = given.records and given.records.resolve()
    if records:
        records.mkdir(parents=True, exist_ok=True)
    print(f"{'program':32} {'half':4} {'same':4} {'rank':>4} {'skill':>6} {'added':>6}  found")
    totals = {half: Totals() for half in HALVES}
    wanted = programs(FAULTY, given.half, given.names) + programs(HEALTHY, given.half, given.names)
    results = (
        run_all(wanted, given.workers, records) if not given.judge else judge_all(wanted, given.judge, given.workers)
    )
    for result in results:
        half = half_of(result.name)
        totals[half].add(result)
        print(row_of(result, half), flush=True)
    print(f"\n{'half a, to tune on':22}{totals['a']}")
    print(f"{'half b, to hold back':22}{totals['b']}")
    print(f"{'both':22}{totals['a'] + totals['b']}")
    print("The halves are by name, and later than most rules and programs: both had been seen when rules were written")


@dataclass
class Totals:
    faulty: int = 0
    right: int = 0
    found: int = 0
    sound: int = 0
    quiet: int = 0
    same: int = 0
    compared: int = 0

    def add(self, result: Result) -> None:
        self.same += result.same is True
        self.compared += result.same is not None
        if result.name in HARMLESS:
            return
        if result.name in EXPECTED:
            rank = result.rank(EXPECTED[result.name]["rules"])
            self.faulty += 1
            self.right += rank is not None and rank <= 2
            self.found += rank is not None
        else:
            self.sound += 1
            self.quiet += result.quiet

    def __add__(self, other: Totals) -> Totals:
        return Totals(*(one + two for one, two in zip(astuple(self), astuple(other), strict=True)))

    def __str__(self) -> str:
        return (
            f"faulty: cause first or second in {self.right} of {self.faulty}, found in {self.found}; "
            f"sound: quiet {self.quiet} of {self.sound}; same as plain Python: {self.same} of {self.compared}"
        )


def row_of(result: Result, half: str) -> str:
    if result.name in EXPECTED:
        rank = result.rank(EXPECTED[result.name]["rules"])
        right = "-" if rank is None else str(rank)
    else:
        right = "" if result.quiet else "LOUD"
    same = {True: "yes", False: "NO", None: "-"}[result.same]
    skill = (
        "" if result.skill is None else f"{result.skill:6.2f}" if abs(result.skill) < 100 else f"{result.skill:6.0e}"
    )
    told = ", ".join(f"{rules[0]}:{s[0]}" for rules, s in zip(result.found, result.severities, strict=True))
    told += " (harmless)" if result.name in HARMLESS else ""
    return f"{result.name:32} {half:4} {same:4} {right:>4} {skill:>6} {result.added:5.1f}s  {told}"


if __name__ == "__main__":
    main()
