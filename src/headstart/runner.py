"""Starts a program as a child under watch, waits, and says how it ended.

The child is Python itself, so the script runs as it always does; a boot hook on its PYTHONPATH waits for the script's
own `import torch` and attaches then. Neither torch nor NumPy is imported here.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from headstart.errors import HeadstartError
from headstart.record import end_record, prune, read_record
from headstart.relay import Relay

BOOT = Path(__file__).parent / "monitor" / "boot"
FOLDER = Path(".headstart")


@dataclass(frozen=True)
class Run:
    """A program that has ended."""

    name: str  # "train.py", "package.module", "torchrun"
    status: int  # as subprocess gives it: -9 if signal 9 ended it
    records: tuple[Path, ...]  # of its processes that trained, rank 0 first
    unseen: str | None = None  # why nothing, or not all, could be seen

    @property
    def ended(self) -> str:
        """As the record says it: "exit 0", "signal 9"."""
        return f"signal {-self.status}" if self.status < 0 else f"exit {self.status}"


def run_child(
    program: Sequence[str],
    record: Path | None = None,
    *,
    stop_after: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Runs `program` to its end under watch; its streams, arguments and signals are its own.

    `program` is what stands after `headstart run`: `SCRIPT ARGS`, `-m MODULE ARGS` or `-- COMMAND ARGS`. `record`
    names the file, by default `new_record(program)`; further processes that train write theirs beside it.
    `stop_after` ends the training after so many steps. `environment` is added to this process's own.

    Raises HeadstartError if the command cannot be started or the record's folder cannot be written. A script that is
    missing is left to Python, which ends with status 2.
    """
    ours = record is None
    record = take(record.absolute()) if record else new_record(program)
    notes = record.with_suffix(".log")
    with Relay() as relay:
        try:
            child = _start(program, {**_environment(record, stop_after), **(environment or {})})
        except HeadstartError:
            notes.unlink()
            raise
        status = relay.wait_for(child)
    records = _records(record)
    run = Run(name_of(program), status, records, _unseen(notes, program, seen=bool(records)))
    for path in run.records:
        _end(path, run.ended, stop_after)
    if ours:
        prune(record.parent)
    return run


def name_of(program: Sequence[str]) -> str:
    """What the program is called: its script, its module, or its command."""
    if program[0] == "--":
        return next((Path(word).name for word in program[1:] if word.endswith(".py")), Path(program[1]).name)
    return program[1] if program[0] == "-m" and len(program) > 1 else Path(program[0]).name


def new_record(program: Sequence[str]) -> Path:
    """A file in `.headstart/` that no other run has: `train-20261123-074112.db`; its `.log`, for notes, is there."""
    stem = f"{name_of(program).removesuffix('.py').lstrip('-') or 'script'}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder = FOLDER.absolute()
    with _writing_to(folder):
        if not folder.exists():
            folder.mkdir(exist_ok=True)  # a run beside this one may be quicker
            (folder / ".gitignore").write_text("*\n")
        for suffix in ("", *(f"-{number}" for number in range(2, 1000))):  # a sweep starts many in one second
            with contextlib.suppress(FileExistsError):
                (folder / f"{stem}{suffix}.log").open("x").close()
                return folder / f"{stem}{suffix}.db"
    raise HeadstartError(
        f"{folder} has a thousand runs of this second", "Name the record: headstart run --record FILE"
    )


def take(record: Path) -> Path:
    """Makes room for the record that the user named: an older record goes, anything else is not ours to replace."""
    if record.suffix != ".db":
        raise HeadstartError(f"A record's name ends in .db, and {record.name} does not", "Name it FILE.db")
    with _writing_to(record.parent):
        if record.exists():
            read_record(record)  # raises if it is something else
            for path in [record, *_beside(record)]:
                path.unlink()
        record.parent.mkdir(parents=True, exist_ok=True)
        record.with_suffix(".log").write_text("")
    return record


@contextlib.contextmanager
def _writing_to(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise HeadstartError(
            f"No record can be written to {folder} ({error.strerror})",
            "Name a file in another folder: headstart run --record FILE",
        ) from None


def _start(program: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    command = list(program[1:]) if program[0] == "--" else [sys.executable, *program]
    try:
        return subprocess.Popen(command, env={**os.environ, **environment}, close_fds=False)
    except OSError as error:
        raise HeadstartError(
            f"{command[0]} cannot be started ({error.strerror})",
            "Name a command that your shell finds: headstart run -- torchrun train.py",
        ) from None


def _environment(record: Path, stop_after: int | None) -> dict[str, str]:
    paths = [str(BOOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),  # an empty entry would be the current folder
        "HEADSTART_RECORD": str(record),
    }
    if stop_after is not None:
        environment["HEADSTART_STOP_AFTER"] = str(stop_after)
    return environment


def _records(record: Path) -> tuple[Path, ...]:
    """The run's records that can be read, by rank; the one with the run's own name is first among equals."""
    ranks: list[tuple[int, bool, Path]] = []
    for path in [record, *_beside(record)]:
        try:
            rank = read_record(path).meta.get("rank")
        except HeadstartError:
            continue  # killed before its first row
        ranks.append((int(rank or 0), path != record, path))
    return tuple(path for _, _, path in sorted(ranks))


def _beside(record: Path) -> list[Path]:
    """What the run's other processes wrote: `<stem>.rank1.db`, or `<stem>.<pid>.db`."""
    other = re.compile(re.escape(record.stem) + r"\.(rank)?\d+\.db")
    return sorted(path for path in record.parent.glob("*.db") if other.fullmatch(path.name))


def _end(path: Path, how: str, stop_after: int | None) -> None:
    """Says how the run ended in a record that does not say so itself."""
    record = read_record(path)
    if record.ended is None:
        stopped = how == "exit 0" and stop_after is not None and len(record) >= stop_after
        end_record(path, "stopped" if stopped else how)


def _unseen(notes: Path, program: Sequence[str], seen: bool) -> str | None:
    """What could not be seen and why, from what the boot hook noted; notes of a fault are kept."""
    lines = notes.read_text(errors="replace").splitlines() if notes.exists() else []
    faults = [line for line in lines if line not in ("started", "attached")]
    if faults:
        return f"not watched: {faults[-1]} (more in {os.path.relpath(notes)})"
    notes.unlink(missing_ok=True)
    if seen:
        return None
    if not program[0].startswith("-") and not Path(program[0]).exists():
        return f"there is no {program[0]}"
    if "started" not in lines:
        return "not watched: it started no Python that the boot hook reaches; python -I, -E and -S hide it"
    if "attached" not in lines:
        return "nothing was trained: torch was never imported"
    return "nothing was trained: no optimizer step and no backward pass was seen"
