"""Writes a record while the run goes on, so that a kill loses at most what was not flushed."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import time
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from headstart.record.schema import SCHEMA, SCHEMA_VERSION
from headstart.record.values import THINGS, Thing


class Writer:
    """Writes one record. Rows are kept until `flush`; a flush is one transaction.

    The schema and the first rows reach the main file at once and every `CHECKPOINT` seconds, so that a `.db` that is
    copied alone after a kill opens. Not for a forked child: its calls do nothing.
    """

    CHECKPOINT = 3.0  # seconds

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pid = os.getpid()
        self._pending: list[tuple[str, tuple[Any, ...]]] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        mode = self._db.execute("PRAGMA journal_mode=WAL").fetchone()[0]
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.executescript(SCHEMA)
        self.meta({"schema": SCHEMA_VERSION, "journal": mode})
        self._checkpointed = -math.inf
        self.flush()

    def meta(self, facts: Mapping[str, Any]) -> None:
        for key, value in facts.items():
            self._put("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, json.dumps(value)))

    def thing(self, thing: Thing) -> None:
        kind = next(kind for kind, cls in THINGS.items() if isinstance(thing, cls))
        self._put(
            "INSERT OR REPLACE INTO things VALUES (?, ?, ?)", (kind, thing.name, json.dumps(thing, default=_plain))
        )

    def stream(self, number: int, owner: str, tensor: str) -> None:
        self._put("INSERT INTO streams VALUES (?, ?, ?)", (number, owner, tensor))

    def step(
        self,
        step: int,
        seconds: float,
        loss: float | None,
        lr: float | None = None,
        optimizer: str | None = None,
        sketch: bytes | None = None,
    ) -> None:
        self._put(
            "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?, ?, ?)",
            (step, seconds, _real(loss), lr, optimizer, sketch),
        )

    def loss(self, step: int, name: str, phase: str, value: float | None, accuracy: float | None = None) -> None:
        self._put("INSERT INTO losses VALUES (?, ?, ?, ?, ?)", (step, name, phase, _real(value), accuracy))

    def rare(self, step: int, owner: str, figure: str, value: float) -> None:
        self._put("INSERT INTO rare VALUES (?, ?, ?, ?)", (step, owner, figure, value))

    def flush(self) -> None:
        """Writes what is pending, in one transaction."""
        if os.getpid() != self._pid:
            return
        if self._pending:
            self._db.execute("BEGIN")
            for sql, values in self._pending:
                self._db.execute(sql, values)
            self._db.execute("COMMIT")
            self._pending.clear()
        if time.monotonic() - self._checkpointed > self.CHECKPOINT:
            self._db.execute("PRAGMA wal_checkpoint(PASSIVE)")
            self._checkpointed = time.monotonic()

    def close(self, how: str | None = None, seconds: float = 0.0) -> None:
        """Ends the record; with `how`, says how the run ended. One file is left."""
        if os.getpid() != self._pid:
            return
        if how is not None:
            self._put("INSERT INTO ended VALUES (?, ?)", (how, seconds))
        self.flush()
        with contextlib.suppress(sqlite3.OperationalError):  # a reader holds it open: the last to close cleans up
            self._db.execute("PRAGMA journal_mode=DELETE")
        self._db.close()

    def _put(self, sql: str, values: tuple[Any, ...]) -> None:
        self._pending.append((sql, values))


def _plain(thing: Any) -> dict[str, Any]:
    """`asdict` would copy each value in depth, which takes as long as ten steps of a small net."""
    return {field.name: getattr(thing, field.name) for field in fields(thing)}


def _real(value: float | None) -> float | str | None:
    """SQLite keeps NaN as NULL, which says "no loss"; the text "nan" reads back as the NaN that it was."""
    return "nan" if value is not None and math.isnan(value) else value


def end_record(path: Path, how: str) -> None:
    """Says in a finished run's record how it ended; called by the parent, which knows the status."""
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        seconds = db.execute("SELECT coalesce(max(time), 0) FROM steps").fetchone()[0]
        db.execute("DELETE FROM ended")
        db.execute("INSERT INTO ended VALUES (?, ?)", (how, seconds))
        db.commit()
        with contextlib.suppress(sqlite3.OperationalError):
            db.execute("PRAGMA journal_mode=DELETE")


def pack(rows: Iterable[Sequence[float]]) -> bytes:
    """A sketch from rows of FIGURES, one a stream; for writers without torch, such as tests."""
    return array("f", [value for row in rows for value in row]).tobytes()
