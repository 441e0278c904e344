"""Runs the programs under plain Python and under headstart, and prints what was found in each.

    python tests/programs/run_all.py [--half a|b] [--records FOLDER] [NAME ...]

A faulty program is *right* if one of its accepted rules (expected.toml) stands first or second in the findings, *found*
if it stands anywhere among them or what they explain. A fixed twin or a healthy program is *quiet* if it has neither
warning nor error. *Same* means: status, stdout and stderr are those of plain Python, byte for byte; every program ends
by printing digests of its weights, its last output and all random states. `--half` takes the programs whose name
hashes to that half: limits are tuned on `a` alone. `--records` keeps the records, for benchmarks/limits.py.
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
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

HERE = Path(__file__).parent
FAULTY, HEALTHY = HERE / "faulty", HERE / "healthy"
EXPECTED = tomllib.loads((HERE / "expected.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Result:
    """One program, run twice."""

    name: str
    same: bool  # status, stdout and stderr as under plain Python
    verdict: str
    found: tuple[tuple[str, ...], ...]  # per finding: its rule, and the rules that it explains
    severities: tuple[str, ...]
    skill: float | None
    seconds: float
    added: float  # seconds over plain Python
    stderr: str

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
    return Result(
        path.stem,
        same,
        told["verdict"],
        tuple((f["rule"], *(e["rule"] for e in f["explains"])) for f in told["findings"]),
        tuple(f["severity"] for f in told["findings"]),
        (told.get("skill") or {}).get("value"),
        between - began,
        (ended - between) - (between - began),
        watched.stderr.decode(errors="replace") if not same else "",
    )


def programs(folder: Path, half: str | None = None, names: Iterable[str] = ()) -> list[Path]:
    """The programs of a folder; a fixed twin goes with its faulty program."""
    wanted = set(names)

    def takes(path: Path) -> bool:
        stem = path.stem.removesuffix("_fixed")
        return path.stem != "digest" and (half is None or _half(stem) == half) and (not wanted or stem in wanted)

    return [path for path in sorted(folder.glob("*.py")) if takes(path)]


def run_all(paths: Iterable[Path], workers: int = 2, records: Path | None = None) -> Iterator[Result]:
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(run, paths, itertools.repeat(records))


def _half(stem: str) -> str:
    return "ab"[hashlib.sha256(stem.encode()).digest()[0] % 2]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs without .py (default: all)")
    parser.add_argument("--half", choices=["a", "b"])
    parser.add_argument("--records", type=Path, metavar="FOLDER", help="keep the records there")
    given = parser.parse_args()
    records = given.records and given.records.resolve()
    if records:
        records.mkdir(parents=True, exist_ok=True)
    print(f"{'program':32} {'same':4} {'rank':>4} {'skill':>6} {'added':>6}  found")
    tally = {"faulty": [0, 0, 0], "sound": [0, 0, 0]}  # programs, right (or quiet), found
    same = 0
    wanted = programs(FAULTY, given.half, given.names) + programs(HEALTHY, given.half, given.names)
    for result in run_all(wanted, records=records):
        same += result.same
        faulty = result.name in EXPECTED
        rank = result.rank(EXPECTED[result.name]["rules"]) if faulty else None
        row = tally["faulty" if faulty else "sound"]
        row[0] += 1
        row[1] += (rank is not None and rank <= 2) if faulty else result.quiet
        row[2] += rank is not None
        skill = "" if result.skill is None else f"{result.skill:6.2f}"
        told = ", ".join(f"{rules[0]}:{s[0]}" for rules, s in zip(result.found, result.severities, strict=True))
        mark = {True: "yes", False: "NO"}[result.same]
        right = ("-" if rank is None else str(rank)) if faulty else ("" if result.quiet else "LOUD")
        print(f"{result.name:32} {mark:4} {right:>4} {skill:>6} {result.added:5.1f}s  {told}", flush=True)
    (f, right, found), (s, quiet, _) = tally["faulty"], tally["sound"]
    print(f"\nfaulty: cause first or second in {right} of {f}, found in {found}; sound: quiet {quiet} of {s}")
    print(f"same as plain Python: {same} of {f + s}")


if __name__ == "__main__":
    main()
