"""Reads a record, of a run in progress too; figures are unpacked when first asked for."""

from __future__ import annotations

import contextlib
import json
import math
import sqlite3
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from headstart.errors import HeadstartError
from headstart.record.schema import FIGURES, RARE, SCHEMA_VERSION
from headstart.record.values import (
    THINGS,
    Input,
    Layer,
    Loader,
    Loss,
    Mode,
    Optimizer,
    Parameter,
    Samples,
    Series,
    Targets,
    Values,
)

NOTHING = Series((), ())


class Record:
    """One run as read from its file; figures are unpacked when first asked for."""

    def __init__(
        self,
        meta: Mapping[str, Any],
        layers: Sequence[Layer],
        parameters: Sequence[Parameter],
        losses: Sequence[Loss],
        optimizers: Sequence[Optimizer],
        streams: Mapping[tuple[str, str], int],
        rows: Sequence[tuple[int, float, float | None, float | None, str | None, bytes | None]],
        loss_rows: Sequence[tuple[int, str, str, float | None, float | None]] = (),
        rare_rows: Sequence[tuple[int, str, str, float | None]] = (),
        ended: tuple[str, float] | None = None,
        modes: Sequence[Mode] = (),
        samples: Sequence[Samples] = (),
        loaders: Sequence[Loader] = (),
        inputs: Sequence[Input] = (),
        values: Sequence[Values] = (),
    ) -> None:
        self.meta = meta
        self.layers = tuple(sorted(layers, key=lambda layer: layer.order))
        self.parameters = tuple(parameters)
        self.losses = tuple(losses)
        self.optimizers = tuple(optimizers)
        self.modes = tuple(sorted(modes, key=lambda mode: mode.order))
        self.samples = tuple(samples)
        self.loaders = tuple(loaders)
        self.inputs = tuple(inputs)
        self.values = tuple(values)
        self._streams = streams
        self._rows = rows
        self._loss_rows = loss_rows
        self._rare_rows = rare_rows
        self._seen: dict[int, tuple[tuple[int, ...], list[array[float]]]] = {}
        self.ended = ended[0] if ended else None
        self.seconds = ended[1] if ended else (rows[-1][1] if rows else 0.0)

    def __len__(self) -> int:
        """The number of steps."""
        return self.steps[-1] + 1 if self.steps else 0

    @cached_property
    def steps(self) -> tuple[int, ...]:
        return tuple(row[0] for row in self._rows)

    def layer(self, name: str) -> Layer | None:
        return next((layer for layer in self.layers if layer.name == name), None)

    def parameter(self, name: str) -> Parameter | None:
        return next((parameter for parameter in self.parameters if parameter.name == name), None)

    def series(self, owner: str, figure: str) -> Series:
        """`figure` is "tensor.figure" of TENSORS and FIGURES, or one of RARE; empty if it was never seen."""
        if figure in RARE:
            # A figure that is taken as the run ends may be written before those of the last steps.
            rows = sorted(self._rare.get((owner, figure), ()), key=itemgetter(0))
            return Series(tuple(s for s, _ in rows), tuple(math.nan if v is None else v for _, v in rows))
        tensor, _, name = figure.partition(".")
        stream = self._streams.get((owner, tensor))
        if stream is None:
            return NOTHING
        if stream not in self._seen:
            self._seen[stream] = self._seen_at(stream)
        steps, sketches = self._seen[stream]
        wanted = stream * len(FIGURES) + FIGURES.index(name)
        return Series(steps, tuple(sketch[wanted] for sketch in sketches))

    def has(self, figure: str) -> bool:
        """Whether any owner has this figure."""
        if figure in RARE:
            return any(kind == figure for _, kind in self._rare)
        tensor = figure.partition(".")[0]
        return any(kind == tensor and self.series(owner, figure) for owner, kind in self._streams)

    @cached_property
    def loss(self) -> Series:
        """What backward was called on, by step."""
        return self._column(2)

    @cached_property
    def lr(self) -> Series:
        return self._column(3)

    @cached_property
    def times(self) -> Series:
        """Seconds since the first forward pass, by step."""
        return self._column(1)

    @cached_property
    def optimizer_at(self) -> dict[int, str | None]:
        """Which optimizer took each step."""
        return {row[0]: row[4] for row in self._rows}

    def loss_of(self, name: str, phase: str = "train") -> Series:
        """A recognised loss by its own mean value: the skill's numerator."""
        rows = [(s, float(v)) for s, n, p, v, _ in self._loss_rows if n == name and p == phase and v is not None]
        return Series(tuple(s for s, _ in rows), tuple(v for _, v in rows))

    def accuracy_of(self, name: str, phase: str = "train") -> Series:
        rows = [(s, a) for s, n, p, _, a in self._loss_rows if n == name and p == phase and a is not None]
        return Series(tuple(s for s, _ in rows), tuple(a for _, a in rows))

    def _column(self, index: int) -> Series:
        kept = [(row[0], row[index]) for row in self._rows if row[index] is not None]
        return Series(tuple(s for s, _ in kept), tuple(float(v) for _, v in kept))  # type: ignore[arg-type]

    def _seen_at(self, stream: int) -> tuple[tuple[int, ...], list[array[float]]]:
        # Not seen at a step: NaN in all its figures, equal to nothing; one with no finite value has not_finite = 1.
        seen = stream * len(FIGURES) + FIGURES.index("not_finite")
        kept = [(step, row) for step, row in self._sketches if len(row) > seen and row[seen] == row[seen]]
        return tuple(step for step, _ in kept), [row for _, row in kept]

    @cached_property
    def _rare(self) -> dict[tuple[str, str], list[tuple[int, float | None]]]:
        rows: dict[tuple[str, str], list[tuple[int, float | None]]] = {}
        for step, owner, figure, value in self._rare_rows:
            rows.setdefault((owner, figure), []).append((step, value))
        return rows

    @cached_property
    def _sketches(self) -> list[tuple[int, array[float]]]:
        return [(row[0], array("f", row[5])) for row in self._rows if row[5] is not None]


def read_record(path: Path | str) -> Record:
    """Reads a record, of a run in progress too. Raises HeadstartError if the file is none.

    Example:
        >>> with hs.watch(model) as watch:
        ...     train(model)
        >>> record = hs.read_record(watch.path)
        >>> record.loss.last < record.loss.first
        True
    """
    path = Path(path)
    if not path.is_file():
        raise HeadstartError(
            f"There is no record at {path}", "Name a .db file that headstart wrote, or list .headstart/"
        )
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            return _read(db, path)
    except (sqlite3.DatabaseError, ValueError, TypeError, KeyError) as error:
        raise HeadstartError(
            f"{path} is not a headstart record ({error})", "Name a .db file that headstart wrote"
        ) from None


def _read(db: sqlite3.Connection, path: Path) -> Record:
    meta = {key: json.loads(value) for key, value in db.execute("SELECT key, value FROM meta")}
    if meta["schema"] > SCHEMA_VERSION:
        raise HeadstartError(
            f"{path} has schema {meta['schema']}; this version of headstart reads up to {SCHEMA_VERSION}",
            "Upgrade headstart: pip install -U headstart",
        )
    things: dict[str, list[Any]] = {kind: [] for kind in THINGS}
    for kind, facts in db.execute("SELECT kind, facts FROM things ORDER BY rowid"):
        things[kind].append(_thing(THINGS[kind], json.loads(facts)))
    return Record(
        meta,
        things["layer"],
        things["parameter"],
        things["loss"],
        things["optimizer"],
        {(owner, tensor): number for number, owner, tensor in db.execute("SELECT id, owner, tensor FROM streams")},
        db.execute("SELECT step, time, loss, lr, optimizer, sketch FROM steps ORDER BY step").fetchall(),
        db.execute("SELECT step, name, phase, value, accuracy FROM losses ORDER BY rowid").fetchall(),
        db.execute("SELECT step, owner, figure, value FROM rare ORDER BY rowid").fetchall(),
        db.execute("SELECT how, time FROM ended").fetchone(),
        things["mode"],
        things["samples"],
        things["loader"],
        things["input"],
        things["values"],
    )


T = TypeVar("T")


def _thing(cls: type[T], facts: dict[str, Any]) -> T:
    known = {f.name for f in fields(cls)}  # type: ignore[arg-type]
    given = {key: _frozen(value) for key, value in facts.items() if key in known}
    if "targets" in given:
        given["targets"] = _thing(Targets, facts["targets"])
    return cls(**given)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value


def newest(folder: Path = Path(".headstart")) -> Path:
    """The newest record in `folder`."""
    records = sorted(folder.glob("*.db"), key=lambda path: path.stat().st_mtime)
    if not records:
        raise HeadstartError(
            f"There is no record in {folder}/", "Make one first: headstart run train.py, or headstart demo"
        )
    return records[-1]


def prune(folder: Path, keep: int = 20) -> None:
    """Removes all but the newest `keep` records and what lies beside them under the same name."""
    records = sorted(folder.glob("*.db"), key=lambda path: path.stat().st_mtime)
    for record in records[: max(0, len(records) - keep)]:
        for beside in folder.glob(f"{record.stem}.*"):
            beside.unlink(missing_ok=True)
