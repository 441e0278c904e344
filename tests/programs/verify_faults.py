"""Does each fault hurt? Runs every faulty program and its fixed twin over several seeds, by plain Python.

    python tests/programs/verify_faults.py [--seeds 3] [NAME ...]

A fault counts only if the worst of the fixed runs beats the best of the faulty ones.
"""

import argparse
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FAULTY = Path(__file__).parent / "faulty"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="programs, without .py (default: all)")
    parser.add_argument("--seeds", type=int, default=3)
    arguments = parser.parse_args()
    names = arguments.names or sorted(p.stem for p in FAULTY.glob("*.py") if (FAULTY / f"{p.stem}_fixed.py").exists())
    print(f"{'program':28} {'measure':10} {'faulty':>24} {'fixed':>24}  hurts")
    harmless = 0
    with ThreadPoolExecutor(2) as pool:
        for name in names:
            runs = list(
                pool.map(measure, [name, f"{name}_fixed"] * arguments.seeds, sorted([*range(arguments.seeds)] * 2))
            )
            what, faulty, fixed = runs[0][0], [v for _, v in runs[::2]], [v for _, v in runs[1::2]]
            hurts = worst(what, fixed) > max(score(what, v) for v in faulty)
            harmless += not hurts
            print(
                f"{name:28} {what:10} {figures(faulty):>24} {figures(fixed):>24}  {'yes' if hurts else 'NO'}",
                flush=True,
            )
    return 1 if harmless else 0


def measure(name, seed):
    """What the program's "final" line says: (name of the measure, its value)."""
    run = subprocess.run([sys.executable, f"{name}.py", str(seed)], cwd=FAULTY, capture_output=True, text=True)
    if run.returncode:
        sys.exit(f"{name}.py {seed} ended with {run.returncode}:\n{run.stderr}")
    _, what, value = next(line for line in run.stdout.splitlines() if line.startswith("final ")).split()
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
