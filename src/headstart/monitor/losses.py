"""The loss functions that a run calls: their own mean value, and what their labels would allow a constant to reach.

Everything stays on the labels' device until `snapshot`. One call costs a few small operations on the labels, and the
logits' argmax where the labels are classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from headstart.monitor.operators import RESHAPES, operator
from headstart.monitor.sketch import can_sketch
from headstart.record import Loss, Targets

CLASSES = ("cross_entropy", "nll_loss")
PROBABILITIES = ("binary_cross_entropy", "binary_cross_entropy_with_logits")
NUMBERS = ("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss")

ROWS = 4096  # labels of one call that are looked at, at most
COLUMNS = 4096  # outputs that get a constant each; with more, all share one
SAMPLE = 2048  # target rows kept for medians
SAMPLE_VALUES = 65536  # and values in them


@dataclass(frozen=True)
class Call:
    """One call of a loss function: figures as tensors, not yet waited for."""

    source: Source
    value: Tensor | None  # as reduction="mean" would give it
    accuracy: Tensor | None
    unvaried: Tensor | None  # 1 where all labels were the same
    rows: Tensor  # (rows, columns) targets in float64; of classes (classes,), the labels of each


class Source:
    """One loss function called from one line of the user's code."""

    def __init__(self, name: str, kind: str, line: str | None, options: Mapping[str, Any]) -> None:
        self.name, self.kind, self.line, self.options = name, kind, line, options
        self.trained = False
        self.made_by: str | None = None
        self.log_mass: Tensor | None = None
        self._count = 0.0
        self._mass: Tensor | None = None
        self._mean: Tensor | None = None
        self._square: Tensor | None = None
        self._sample: list[Tensor] = []
        self._sampled = 0

    def commit(self, call: Call) -> None:
        """Takes the labels of a call that a backward went through."""
        self.trained = True
        if self.kind in CLASSES:
            mass = call.rows
            self._mass = mass if self._mass is None or self._mass.shape != mass.shape else self._mass + mass
        else:
            self._merge(call.rows)
            self._keep(call.rows)

    def _merge(self, rows: Tensor) -> None:
        """Mean and squared deviations per column, merged by Chan, Golub & LeVeque 1983, eq. 2.1."""
        mean = rows.mean(0)
        square = (rows - mean).square().sum(0)
        n = rows.shape[0]
        if self._mean is None or self._square is None or self._mean.shape != mean.shape:
            self._count, self._mean, self._square = float(n), mean, square
            return
        total = self._count + n
        delta = mean - self._mean
        self._mean = self._mean + delta * (n / total)
        self._square = self._square + square + delta.square() * (self._count * n / total)
        self._count = total

    def _keep(self, rows: Tensor) -> None:
        room = min(SAMPLE, SAMPLE_VALUES // rows.shape[1]) - self._sampled
        if room > 0 and self.kind not in ("mse_loss", *PROBABILITIES):
            kept = rows[:: max(1, rows.shape[0] // 64)][: min(64, room)].float()
            self._sample.append(kept)
            self._sampled += kept.shape[0]

    def snapshot(self) -> Loss:
        """The loss as the record holds it. Waits for the device."""
        targets = Targets()
        if self._mass is not None:
            targets = Targets(count=float(self._mass.sum()), mass=tuple(self._mass.tolist()))
        elif self._mean is not None and self._square is not None:
            targets = Targets(
                count=self._count,
                total=tuple((self._mean * self._count).tolist()),
                square=tuple(self._square.tolist()),
                sample=tuple(tuple(row) for row in torch.cat(self._sample).tolist()) if self._sample else (),
            )
        log_mass = None if self.log_mass is None else float(self.log_mass)
        return Loss(self.name, self.kind, self.line, dict(self.options), targets, self.trained, self.made_by, log_mass)


class Sources:
    """All losses of a run, by function and line."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, str | None], Source] = {}
        self.called = False  # a loss since the last step

    def call(self, kind: str, arguments: Mapping[str, Any], loss: Any, line: str | None) -> Call | None:
        """Reads one call; None if it is of a kind, shape or type that nothing is known of."""
        given, target = arguments["input"], arguments["target"]
        if not (can_sketch(loss) and can_sketch(given) and type(target) is Tensor) or target.numel() == 0:
            return None
        source = self._source(kind, arguments, given, line)
        source.made_by = source.made_by or _made_by(given)
        read = {CLASSES: _classes, PROBABILITIES: _probabilities, NUMBERS: _numbers}
        reader = next((reader for kinds, reader in read.items() if kind in kinds), None)
        return None if reader is None else reader(source, arguments, given, target, loss.detach())

    def _source(self, kind: str, arguments: Mapping[str, Any], given: Tensor, line: str | None) -> Source:
        key = (kind, line)
        if key not in self.known:
            name = f"{kind} at {line}" if line else kind
            self.known[key] = Source(name, kind, line, _options(kind, arguments, given))
        return self.known[key]


def _made_by(x: Tensor) -> str | None:
    """The operator that made `x`, through reshapes; None for what the graph does not tell."""
    node = x.grad_fn
    while node is not None:
        name = operator(node.name())
        if name not in RESHAPES:
            return name
        node = node.next_functions[0][0]
    return None


def _options(kind: str, arguments: Mapping[str, Any], given: Tensor) -> dict[str, Any]:
    wanted = ("reduction", "ignore_index", "label_smoothing", "beta", "delta")
    options = {name: arguments[name] for name in wanted if arguments.get(name) is not None}
    for name in ("weight", "pos_weight"):
        value = arguments.get(name)
        if type(value) is Tensor and value.numel() <= COLUMNS:
            options[name] = value.detach().flatten().tolist()
    if kind in CLASSES:
        options["classes"] = given.shape[1] if given.ndim > 1 else given.shape[0]
    return options


def _classes(
    source: Source, arguments: Mapping[str, Any], logits: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    axis = 1 if logits.ndim > 1 else 0
    classes = logits.shape[axis]
    weight = arguments.get("weight")
    if target.is_floating_point():  # probabilities: the same shape as the logits
        rows = target.detach().movedim(axis, -1).reshape(-1, classes)
        mass = rows[:ROWS].double().sum(0)
        return Call(source, _mean(arguments, loss, rows.shape[0]), None, None, mass)
    labels, ignored = target.detach().reshape(-1).long(), arguments.get("ignore_index", -100)
    right = logits.detach().argmax(axis).reshape(-1) == labels
    if 0 <= ignored < classes:
        right &= labels != ignored
        labels = labels.where(labels != ignored, -1)
    places = labels.clamp(-1, classes) + 1  # what is no class falls into the first place or the last
    mass = torch.zeros(classes + 2, dtype=torch.long, device=labels.device)
    mass = mass.index_add_(0, places, torch.ones_like(places))[1:-1]
    if source.kind == "nll_loss" and source.log_mass is None:
        source.log_mass = logits.detach().float().logsumexp(axis).abs().amax()
    count = mass.sum()
    mean = _mean(arguments, loss, count if weight is None else (mass * weight.detach()).sum())
    return Call(source, mean, right.sum() / count, mass.max() == count, mass)


def _probabilities(
    source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor
) -> Call | None:
    if arguments.get("weight") is not None:
        return None
    threshold = 0.0 if source.kind == "binary_cross_entropy_with_logits" else 0.5
    if given.shape != target.shape:
        return None
    accuracy = ((given.detach() > threshold) == (target.detach() > 0.5)).float().mean()
    rows = _rows(target)
    return Call(source, _mean(arguments, loss, target.numel()), accuracy, _unvaried(rows), rows)


def _numbers(source: Source, arguments: Mapping[str, Any], given: Tensor, target: Tensor, loss: Tensor) -> Call | None:
    if arguments.get("weight") is not None or not target.is_floating_point():
        return None
    count = max(given.numel(), target.numel())
    rows = _rows(target)
    return Call(source, _mean(arguments, loss, count), None, _unvaried(rows), rows)


def _mean(arguments: Mapping[str, Any], loss: Tensor, count: Any) -> Tensor:
    reduction = arguments.get("reduction", "mean")
    return loss.clone() if reduction == "mean" and loss.ndim == 0 else loss.sum() / count


def _rows(target: Tensor) -> Tensor:
    flat = target.detach().reshape(target.shape[0], -1) if target.ndim > 1 else target.detach().reshape(-1, 1)
    if flat.shape[1] > COLUMNS:
        flat = flat[:, :COLUMNS].reshape(-1, 1)
    step = max(1, flat.shape[0] // ROWS)
    return flat[::step].to(torch.float32 if flat.device.type == "mps" else torch.float64)


def _unvaried(rows: Tensor) -> Tensor:
    return (rows == rows[:1]).all().float()
