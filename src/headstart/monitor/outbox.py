"""Between the loop and the record: rows wait here as tensors on their device, and are written in batches."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import torch
from torch import Tensor

from headstart.monitor.ledger import Ledger
from headstart.monitor.losses import Call, Sources
from headstart.monitor.samples import Samples
from headstart.record import FIGURES, Layer, Optimizer, Writer
from headstart.record.values import Thing

BATCH = 512  # steps written at once, at most
SECONDS = 1.0  # between two flushes, at most: what a SIGKILL can cost

WIDTH = len(FIGURES)
LARGEST, NOT_FINITE = FIGURES.index("max_abs"), FIGURES.index("not_finite")


class Rare(NamedTuple):
    step: int
    owner: str
    figure: str
    value: Tensor | float  # not yet waited for


@dataclass(frozen=True)
class StepRow:
    step: int
    seconds: float
    losses: Sequence[Tensor]
    lr: float | None
    optimizer: str | None
    figures: Sequence[tuple[list[int], Tensor]] | None  # streams, (streams, FIGURES)
    rare: Sequence[Rare]
    calls: Sequence[Call]


class Changing(Protocol):
    """What is known of things that a run has several of."""

    def changed(self) -> Iterator[Thing]:
        """Those of which something new is known since the last time."""


class Outbox:
    def __init__(
        self,
        path: Path,
        facts: Mapping[str, Any],
        ledger: Ledger,
        sources: Sources,
        samples: Samples,
        others: Sequence[Changing],
    ) -> None:
        self._writer = Writer(path)
        self._writer.meta(facts)
        self._ledger = ledger
        self._sources = sources
        self._samples = samples
        self._others = others
        self._rows: list[StepRow] = []
        self._evaluations: list[tuple[int, Call]] = []
        self._layers: dict[str, Layer] = {}
        self._streams = 0
        self._flushed = time.monotonic()

    def meta(self, facts: Mapping[str, Any]) -> None:
        self._writer.meta(facts)

    def thing(self, thing: Optimizer) -> None:
        self._writer.thing(thing)

    def layer(self, layer: Layer) -> None:
        """A layer's facts; what an earlier look knew and this one does not is kept."""
        known = self._layers.get(layer.name)
        if known is not None:
            layer = replace(
                layer,
                activation=layer.activation or known.activation,
                norm=layer.norm or known.norm,
                follows=layer.follows or known.follows,
                units=layer.units or known.units,
                places=layer.places or known.places,
                residual=layer.residual or known.residual,
                output=layer.output or known.output,
                blocked=layer.blocked or known.blocked,
                bare=known.bare if layer.bare is None else layer.bare and known.bare is not False,
            )
        if layer != known:
            self._layers[layer.name] = layer
            self._writer.thing(layer)

    def stream(self, number: int, owner: str, tensor: str) -> None:
        self._streams = max(self._streams, number + 1)
        self._writer.stream(number, owner, tensor)

    def step(self, row: StepRow) -> None:
        self._rows.append(row)

    def evaluation(self, step: int, call: Call) -> None:
        self._evaluations.append((step, call))

    def late(self, rare: Sequence[Rare]) -> None:
        """Rare figures that come after the last step."""
        self._write_rare(rare)

    def flush_if_due(self) -> None:
        if len(self._rows) >= BATCH or time.monotonic() - self._flushed > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Waits for the device once, and writes."""
        losses = iter(_floats([loss for row in self._rows for loss in row.losses]))
        for row in self._rows:
            self._write_step(row, [next(losses) for _ in row.losses])
        for step, call in self._evaluations:
            self._writer.loss(step, call.source.name, "eval", _float(call.value), _float(call.accuracy))
        self._rows, self._evaluations = [], []
        for entry in self._ledger.entries.values():
            if entry.dirty:
                entry.dirty = False
                self._writer.thing(entry.line())
        for source in self._sources.known.values():
            self._writer.thing(source.snapshot())
        for step, model, batch in self._samples.batches():
            self._writer.rare(step, model, "samples.batch", float(batch))
        for changing in (self._samples, *self._others):
            for thing in changing.changed():
                self._writer.thing(thing)
        self._writer.flush()
        self._flushed = time.monotonic()

    def close(self, how: str | None, seconds: float) -> None:
        self.flush()
        self._writer.close(how, seconds)

    def _write_step(self, row: StepRow, losses: Sequence[float]) -> None:
        loss = sum(losses) / len(losses) if losses else None
        sketch = None
        if row.figures is not None:
            values = array("f", [float("nan")]) * (self._streams * WIDTH)
            for streams, figures in row.figures:
                for stream, line in zip(streams, figures.tolist(), strict=True):
                    if stream < 0:  # a sample that was taken again
                        continue
                    values[stream * WIDTH : (stream + 1) * WIDTH] = array("f", line)
            self._note_ledger(values, row.optimizer)
            sketch = values.tobytes()
        self._writer.step(row.step, row.seconds, loss, row.lr, row.optimizer, sketch)
        for call in row.calls:
            self._writer.loss(row.step, call.source.name, "train", _float(call.value), _float(call.accuracy))
        self._write_rare(row.rare)

    def _write_rare(self, rare: Sequence[Rare]) -> None:
        for step, owner, figure, value in rare:
            self._writer.rare(step, owner, figure, float(value))

    def _note_ledger(self, values: array[float], optimizer: str | None) -> None:
        for entry in self._ledger.entries.values():
            if entry.facts.optimizer == optimizer and _seen(values, entry.weight):
                entry.seen += 1
                entry.with_gradient += _nonzero(values, entry.gradient)
                entry.moved += _nonzero(values, entry.update)
                entry.dirty = True


def _seen(values: array[float], stream: int) -> bool:
    place = stream * WIDTH + NOT_FINITE
    return place < len(values) and values[place] == values[place]  # not NaN


def _nonzero(values: array[float], stream: int) -> bool:
    """Whether a tensor was seen that is not all zeros; NaN counts as something."""
    return _seen(values, stream) and values[stream * WIDTH + LARGEST] != 0


def _floats(values: Sequence[Tensor]) -> list[float]:
    """Their values, with one wait for each device."""
    devices = {value.device for value in values}
    if len(devices) == 1 and devices != {torch.device("cpu")}:
        return list(torch.stack([value.float() for value in values]).tolist())
    return [float(value) for value in values]


def _float(value: Tensor | None) -> float | None:
    return None if value is None else float(value)
