"""`headstart run` is Python itself: each program ends with the same status, stdout and stderr as without it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PROGRAMS = Path(__file__).parent / "programs" / "parity"
ALONE = sorted(path.stem for path in PROGRAMS.glob("*.py") if not path.stem.startswith("torch_"))
WITH_TORCH = sorted(path.stem for path in PROGRAMS.glob("torch_*.py") if path.stem != "torch_trains_on_two_ranks")
HEADSTART = [sys.executable, "-m", "headstart", "run"]
WORDS = ["a", "--lr", "1", "--quiet", "--", "-m", "*", ""]  # arguments that headstart must not take for its own
INHERENT = [  # what differs from one run of plain Python to the next
    (rb"0x[0-9a-f]{6,}", b"0x_"),
    (rb"\bpid[ :=]*\d+", b"pid _"),
]


@dataclass(frozen=True)
class Ended:
    status: int
    stdout: bytes
    stderr: bytes


def start(command: list[str], folder: Path, **environment: str) -> subprocess.Popen[bytes]:
    """In a session of its own, so that a signal to its process group stays there."""
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )


def end(process: subprocess.Popen[bytes], stdin: bytes = b"Ada\none\ntwo\n") -> Ended:
    stdout, stderr = process.communicate(stdin, timeout=120)
    for pattern, same in INHERENT:
        stdout, stderr = re.sub(pattern, same, stdout), re.sub(pattern, same, stderr)
    return Ended(process.returncode, stdout, stderr)


def assert_same(program: list[str], folder: Path, **environment: str) -> Ended:
    """Runs `program` under Python and under headstart, side by side."""
    plain = start([sys.executable, *program], folder, **environment)
    watched = start([*HEADSTART, "--quiet", *program], folder, **environment)
    expected = end(plain)
    assert end(watched) == expected
    return expected


@pytest.mark.parametrize("name", ALONE)
def test_a_program_without_torch_runs_as_in_python(name, tmp_path):
    assert_same([str(PROGRAMS / f"{name}.py"), *WORDS], tmp_path)


@pytest.mark.parametrize("name", WITH_TORCH)
def test_a_program_with_torch_runs_as_in_python(name, tmp_path):
    ended = assert_same([str(PROGRAMS / f"{name}.py")], tmp_path)
    assert b"headstart" not in ended.stderr
