"""Does each fault hurt? Runs every faulty program and its fixed twin over several seeds, without headstart.

    python tests/programs/verify_faults.py [--seeds 5] [--save] [--missing] [NAME ...]

A fault counts only if the worst of the fixed runs beats the best of the faulty ones. `--save` puts the figures into
verified.json beside this file; with names, those of the other programs stay as they are. `--missing` runs only the
seeds that verified.json has not, so that a run of hours may be stopped and gone on with.
"""

import argparse
import json
import math
import sys
from pathlib import Path

from forks import forked, run_program

FAULTY = Path(__file__).parent / "faulty"
VERIFIED = Path(__file__).parent / "verified.json"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="programs, without .py (default: all)")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--save", action="store_true", help=f"put the figures into {VERIFIED.name}")
    parser.add_argument("--missing", action="store_true", help="run only the seeds that the saved figures lack")
    parser.add_argument("--workers", type=int, default=2, help="programs at a time (default: 2)")
    arguments = parser.parse_args()
    saved = json.loads(VERIFIED.read_text(encoding="utf-8")) if arguments.missing and VERIFIED.exists() else {}
    names = arguments.names or sorted(p.stem for p in FAULTY.glob("*.py") if (FAULTY / f"{p.stem}_fixed.py").exists())
    print(f"{'program':28} {'measure':10} {'faulty':>24} {'fixed':>24}  hurts")
    harmless = 0
    for name in names:
        known = saved.get(name, {"faulty": [], "fixed": []})
        seeds = range(len(known["faulty"]), arguments.seeds)
        if arguments.missing and not seeds:
            continue
        each = [(stem, seed) for seed in seeds for stem in (name, f"{name}_fixed")]
        runs = list(forked(measure, each, arguments.workers))
        what = runs[0][0]
        faulty, fixed = (
            [math.nan if v is None else v for v in known[side]] + [v for _, v in runs[start::2]]
            for start, side in enumerate(("faulty", "fixed"))
        )
        hurts = worst(what, fixed) > max(score(what, v) for v in faulty)
        harmless += not hurts
        if arguments.save:
            save(name, {"measure": what, "faulty": faulty, "fixed": fixed, "hurts": hurts})
        print(
            f"{name:28} {what:10} {figures(faulty):>24} {figures(fixed):>24}  {'yes' if hurts else 'NO'}",
            flush=True,
        )
    return 1 if harmless else 0


def save(name, row):
    rows = json.loads(VERIFIED.read_text(encoding="utf-8")) if VERIFIED.exists() else {}
    # JSON has neither NaN nor infinity: such a loss is written as null.
    rows[name] = {
        key: [v if math.isfinite(v) else None for v in value] if isinstance(value, list) else value
        for key, value in row.items()
    }
    lines = ",\n".join(f"{json.dumps(known)}: {json.dumps(rows[known])}" for known in sorted(rows))
    VERIFIED.write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def measure(job):
    """What the program's "final" line says: (name of the measure, its value)."""
    name, seed = job
    printed = run_program(FAULTY / f"{name}.py", str(seed))
    _, what, value = next(line for line in printed.splitlines() if line.startswith("final ")).split()
    return what, float(value)


def score(what, value):
    """Larger is better; NaN is worst."""
    return -math.inf if math.isnan(value) else -value if "loss" in what else value


def worst(what, values):
    return min(score(what, v) for v in values)


def figures(values):
    return " ".join(f"{v:7.3g}" for v in values)


if __name__ == "__main__":
    sys.exit(main())
