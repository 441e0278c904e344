"""Starts programs under Python and under `headstart run`, and compares how they end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

PYTHON = [sys.executable]
HEADSTART = [sys.executable, "-m", "headstart", "run"]
QUIET = [*HEADSTART, "--quiet"]
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
    plain = start([*PYTHON, *program], folder, **environment)
    watched = start([*QUIET, *program], folder, **environment)
    expected = end(plain)
    found = end(watched)
    assert found == expected, f"expected {expected}\nfound {found}"
    return expected


def headstart(folder: Path, *arguments: str) -> Ended:
    return end(start([*HEADSTART, *arguments], folder))
