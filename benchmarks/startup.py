"""What `headstart run` adds to a program's start: the boot hook in the program's own process, and headstart's own.

Prints the shortest of the repeats in seconds, which the machine's other work disturbs least:

    python benchmarks/startup.py [REPEATS]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from headstart.runner import BOOT

PROGRAMS = {"nothing": "", "import torch": "import torch"}


def main(repeats: int = 5) -> None:
    print(f"{'program':14}{'python':>10}{'boot hook':>12}{'headstart run':>16}")
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "script.py")
        for name, text in PROGRAMS.items():
            script.write_text(text)
            hooked = {"PYTHONPATH": str(BOOT), "HEADSTART_RECORD": f"{folder}/record.db"}
            python = shortest([sys.executable, script.name], folder, repeats)
            hook = shortest([sys.executable, script.name], folder, repeats, **hooked)
            run = shortest([sys.executable, "-m", "headstart", "run", "--quiet", script.name], folder, repeats)
            print(f"{name:14}{python:10.3f}{hook:12.3f}{run:16.3f}", flush=True)


def shortest(command: list[str], folder: str, repeats: int, **environment: str) -> float:
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=True)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
