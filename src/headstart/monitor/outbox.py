"""Between the loop and the record: rows wait here as tensors on their device, and are written in batches."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal, NamedTuple, Protocol

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


class StepRow(NamedTuple):
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
                steps_first=layer.steps_first or known.steps_first,
                softmax_first=layer.softmax_first or known.softmax_first,
                residual=layer.residual or known.residual,
                output=layer.output or known.output,
                blocked=layer.blocked or known.blocked,
                samples_before=layer.samples_before or known.samples_before,
                crossed=layer.crossed or known.crossed,
                in_turn=layer.in_turn or known.in_turn,
                summed=layer.summed or known.summed,
                normed_after=_always(layer.normed_after, known.normed_after),
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
        self._write_rare(rare, Numbers(row.value for row in rare))

    def flush_if_due(self) -> None:
        if len(self._rows) >= BATCH or time.monotonic() - self._flushed > SECONDS:
            self.flush()

    def flush(self) -> None:
        """Waits for the device once, and writes."""
        numbers = Numbers(self._waiting())
        for row in self._rows:
            self._write_step(row, numbers)
        for step, call in self._evaluations:
            self._write_call(step, call, "eval", numbers)
        self._rows, self._evaluations = [], []
        for entry in self._ledger.lines:
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

    def give_up(self, facts: Mapping[str, Any]) -> None:
        """Writes `facts`, and what is left if it can be read."""
        self._writer.meta(facts)
        try:
            self.flush()
        finally:
            self._writer.flush()

    def close(self, how: str | None, seconds: float) -> None:
        self.flush()
        self._writer.close(how, seconds)

    def _waiting(self) -> Iterator[Tensor | float | None]:
        for row in self._rows:
            yield from row.losses
            yield from (figures for _, figures in row.figures or ())
            yield from (rare.value for rare in row.rare)
        for call in (*(call for row in self._rows for call in row.calls), *(call for _, call in self._evaluations)):
            yield from (call.value, call.accuracy)

    def _write_step(self, row: StepRow, numbers: Numbers) -> None:
        losses = [number for loss in row.losses for number in numbers.of(loss)]
        loss = sum(losses) / len(losses) if losses else None
        sketch = None
        if row.figures is not None:
            values = array("f", [float("nan")]) * (self._streams * WIDTH)
            for streams, figures in row.figures:
                lines = numbers.of(figures)
                for place, stream in enumerate(streams):
                    if stream < 0:  # a sample that was taken again
                        continue
                    line = lines[place * WIDTH : (place + 1) * WIDTH]
                    values[stream * WIDTH : (stream + 1) * WIDTH] = array("f", line)
            self._note_ledger(values, row.optimizer)
            sketch = values.tobytes()
        self._writer.step(row.step, row.seconds, loss, row.lr, row.optimizer, sketch)
        for call in row.calls:
            self._write_call(row.step, call, "train", numbers)
        self._write_rare(row.rare, numbers)

    def _write_call(self, step: int, call: Call, phase: Literal["train", "eval"], numbers: Numbers) -> None:
        value, accuracy = (None if given is None else numbers.one(given) for given in (call.value, call.accuracy))
        self._writer.loss(step, call.source.name, phase, value, accuracy)

    def _write_rare(self, rare: Sequence[Rare], numbers: Numbers) -> None:
        for step, owner, figure, value in rare:
            self._writer.rare(step, owner, figure, numbers.one(value))

    def _note_ledger(self, values: array[float], optimizer: str | None) -> None:
        for entry in self._ledger.lines:
            if entry.facts.optimizer == optimizer and _seen(values, entry.weight):
                entry.seen += 1
                entry.with_gradient += _nonzero(values, entry.gradient)
                entry.moved += _nonzero(values, entry.update)
                entry.dirty = True


class Numbers:
    """What tensors hold: of all of a device and a type at once, with one wait."""

    def __init__(self, values: Iterable[Tensor | float | None]) -> None:
        self._lists: dict[int, list[float]] = {}
        kinds: dict[tuple[torch.device, torch.dtype], list[Tensor]] = {}
        for value in values:
            if isinstance(value, Tensor):
                kinds.setdefault((value.device, value.dtype), []).append(value)
        for tensors in kinds.values():
            every = torch.cat([tensor.reshape(-1) for tensor in tensors]).tolist()
            end = 0
            for tensor in tensors:
                start, end = end, end + tensor.numel()
                self._lists[id(tensor)] = every[start:end]

    def of(self, tensor: Tensor) -> list[float]:
        """Its values in order."""
        return self._lists[id(tensor)]

    def one(self, value: Tensor | float) -> float:
        """A number, or the only one that a tensor holds."""
        return float(self._lists[id(value)][0]) if isinstance(value, Tensor) else value


def _always(now: str | None, before: str | None) -> str | None:
    """What was seen at each look; "" where they differ."""
    if now is None or before is None:
        return before if now is None else now
    return now if now == before else ""


def _seen(values: array[float], stream: int) -> bool:
    place = stream * WIDTH + NOT_FINITE
    return place < len(values) and values[place] == values[place]  # not NaN


def _nonzero(values: array[float], stream: int) -> bool:
    """Whether a tensor was seen that is not all zeros; NaN counts as something."""
    return _seen(values, stream) and values[stream * WIDTH + LARGEST] != 0
