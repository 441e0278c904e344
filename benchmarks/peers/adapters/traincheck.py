# Its invariants come from the fixed twin; for a sound program, from the same program started from another seed.
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from adapters import Script

LINES = ""  # traincheck-collect, traincheck-infer, traincheck-collect and traincheck-check, and a run known to be good

# What it says is which relations between calls and attributes no longer hold. Whether one of them is the cause is for
# the reader to see: no name of it can be compared.
CAUSES: dict[str, set[str]] = {}


def examine(script: Script) -> None:
    home = Path(sys.executable).parent
    shutil.copy(script.program.with_name("digest.py"), script.folder)
    good, target = script.folder / "good.py", script.folder / "target.py"
    source = script.reference.read_text(encoding="utf-8")
    good.write_text(re.sub(r"manual_seed\((.*)\)", r"manual_seed(\1 + 1)", source), encoding="utf-8")
    shutil.copy(script.program, target)

    def step(command: str, *arguments: object) -> str:
        done = subprocess.run(
            [home / command, *map(str, arguments)],
            cwd=script.folder,
            env={**os.environ, "PYTHONPATH": str(script.folder)},  # it runs a copy in a folder of its own
            capture_output=True,
            text=True,
            timeout=900,
            check=False,
        )
        if done.returncode == -signal.SIGKILL or f"error code -{signal.SIGKILL}" in done.stderr:  # host.py's limit
            raise RuntimeError(f"{command} was stopped, or what it runs: more CPU than a run may take")
        if done.returncode:
            raise RuntimeError(f"{command}: {done.stderr.strip().splitlines()[-1:]}")
        return done.stdout

    track = ["--models-to-track", script.model]
    step("traincheck-collect", "--pyscript", "good.py", *track, "--output-dir", "good")
    step("traincheck-infer", "-f", "good", "-o", "invariants.json")
    script.output = step(
        "traincheck-collect",
        "--pyscript",
        "target.py",
        *track,
        "--invariants",
        "invariants.json",
        "--output-dir",
        "out",
    )
    told = step("traincheck-check", "-f", "out", "-i", "invariants.json", "-o", "results")
    counted = re.search(r"failed invariants: (\d+)/", told)
    if counted is None:
        raise RuntimeError("traincheck-check printed no count")
    if int(counted[1]):
        script.note("invariant violated", "warning")
