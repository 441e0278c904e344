"""Runs the programs under headstart with another default device, as `torch.set_default_device("cuda")` sets it.

    python tests/programs/on_device.py cuda                  # all; those that mix devices end with an error and do not count
    python tests/programs/on_device.py cuda lenet char_rnn   # these

A row tells what was found, the rank of the right cause, what broke inside headstart, and where headstart waited for the
device while the program ran. Random numbers are the device's own, so that a run is another than on the CPU.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from run_all import EXPECTED, FAULTY, HEALTHY, programs, result_of

from headstart.record import read_record

FIRST = "import _device"  # before all else of a program, in its first line, so that no line moves
DEVICE = """
import os, sys, traceback, warnings
import torch

device, Plain, show = os.environ["DEVICE"], torch._C.Generator, warnings.showwarning


class Kind(type(Plain)):
    def __instancecheck__(cls, x):
        return isinstance(x, Plain)


class Generator(Plain, metaclass=Kind):  # `torch.Generator()` is the CPU's, whatever the default device
    def __new__(cls, device=device):
        return Plain.__new__(Plain, device)


def waited(message, *more):
    if "synchronizing" not in str(message):
        return show(message, *more)
    stack = traceback.extract_stack()[:-1]
    own = [frame for frame in stack if "headstart" in frame.filename]
    if own and not any(frame.name in ("flush", "finish") for frame in own):  # once a second, and at the end
        with open(os.environ["WAITS"], "a") as waits:
            print(f"{os.path.basename(own[-1].filename)}:{own[-1].lineno}", file=waits)


torch.Generator = Generator
torch.set_default_device(device)
if device.startswith("cuda"):
    warnings.showwarning = waited
    warnings.filterwarnings("always", message=".*synchronizing.*")
    torch.cuda.set_sync_debug_mode("warn")
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("device", help="cuda, cuda:1, cpu, ...")
    parser.add_argument("names", nargs="*", metavar="NAME", help="programs without .py (default: all)")
    parser.add_argument("--workers", type=int, default=2, metavar="N", help="programs at a time (default: 2)")
    given = parser.parse_args()
    wanted = [*programs(FAULTY, names=given.names), *programs(HEALTHY, names=given.names)]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(given.workers) as pool:
        Path(folder, "src").symlink_to(FAULTY.parents[2] / "src")  # from where some programs read their digits
        copies = [copied(path, Path(folder, "tests", "programs", path.parent.name)) for path in wanted]
        rows = [tell(path.stem, row) for path, row in zip(wanted, pool.map(partial(run, given.device), copies))]
    ran = [row for row in rows if row]
    right = [row["rank"] is not None and row["rank"] <= 2 for row in ran if "rank" in row]
    quiet = [row["quiet"] for row in ran if "rank" not in row]
    broken, waits = sum(bool(row["fault"]) for row in ran), sum(bool(row["waits"]) for row in ran)
    print(f"\n{len(ran)} of {len(rows)} ran; faulty: right {sum(right)} of {len(right)}; ", end="")
    print(f"sound: quiet {sum(quiet)} of {len(quiet)}; broken inside: {broken}; waited for the device: {waits}")


def copied(path: Path, folder: Path) -> Path:
    if not folder.exists():
        folder.mkdir(parents=True)
        shutil.copy(path.parent / "digest.py", folder)
        (folder / "_device.py").write_text(DEVICE, encoding="utf-8")
    text, future = path.read_text(encoding="utf-8"), "from __future__ import annotations"
    if future in text:
        text = text.replace(future, f"{future}; {FIRST}", 1)
    else:
        text = f"{FIRST} {text}" if text.startswith("#") else f"{FIRST}; {text}"
    (folder / path.name).write_text(text, encoding="utf-8")
    return folder / path.name


def run(device: str, path: Path) -> dict:
    """Empty where the program itself cannot run so."""
    with tempfile.TemporaryDirectory() as folder:
        report, record, waits = (Path(folder, name) for name in ("found.json", "run.db", "waits"))
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "DEVICE": device, "WAITS": str(waits)}
        command = [sys.executable, "-m", "headstart", "run", "--quiet", "--json", str(report), "--record", str(record)]
        done = subprocess.run([*command, path], cwd=path.parent, env=environment, capture_output=True, check=False)
        if done.returncode or not report.exists():
            return {}
        told = json.loads(report.read_text(encoding="utf-8"))
        result = result_of(path.stem, told, same=None, seconds=0.0, added=0.0)
        row = {"found": [found[0] for found in result.found], "quiet": result.quiet}
        row["fault"] = read_record(record).meta.get("fault") if record.exists() else None
        row["waits"] = sorted(set(waits.read_text(encoding="utf-8").split())) if waits.exists() else []
    return row | ({"rank": result.rank(EXPECTED[path.stem]["rules"])} if path.stem in EXPECTED else {})


def tell(name: str, row: dict) -> dict:
    if not row:
        print(f"{name:32} does not run")
        return row
    mark = str(row["rank"] or "-") if "rank" in row else "" if row["quiet"] else "LOUD"
    fault = (row["fault"] or "").strip().rpartition("\n")[2]
    print(f"{name:32} {mark:>4}  {', '.join(row['found'])}  {fault} {' '.join(row['waits'])}", flush=True)
    return row


if __name__ == "__main__":
    main()
