"""What a fit was asked to do: checked once, printed first, and compared when a checkpoint is resumed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from headstart.errors import HeadstartError
from headstart.train.choices import one_of

PRECISIONS = ("32-true", "16-mixed", "bf16-mixed", "bf16-true", "16-true", "64-true", "transformer-engine")


@dataclass(frozen=True)
class Plan:
    """Everything that decides the weights which a fit ends with, beside the model and the data themselves."""

    optimizer: str
    lr: float
    weight_decay: float
    schedule: str
    epochs: int
    clip: float | None  # the gradients' largest 2-norm
    precision: str
    seed: int | None
    steps: int = 0  # an epoch, on each rank
    world_size: int = 1
    parameters: tuple[tuple[str, tuple[int, ...]], ...] = ()  # names and shapes, trainable or not

    def __post_init__(self) -> None:
        _check(self.epochs >= 1 and isinstance(self.epochs, int), "epochs", self.epochs, "Give 1 or more")
        _check(0 < self.lr < math.inf, "lr", self.lr, "Give a number above 0; 3e-3 is a sound start for adamw")
        _check(0 <= self.weight_decay < math.inf, "weight_decay", self.weight_decay, "Give 0 or more")
        _check(self.clip is None or self.clip > 0, "clip", self.clip, "Give the largest 2-norm, or None for no limit")
        one_of("precision", self.precision, PRECISIONS)

    @property
    def total(self) -> int:
        """Steps of all epochs."""
        return self.epochs * self.steps

    def facts(self) -> dict[str, Any]:
        return asdict(self)


def shapes_of(model: nn.Module) -> tuple[tuple[str, tuple[int, ...]], ...]:
    return tuple((name, tuple(parameter.shape)) for name, parameter in model.named_parameters())


def check_same(plan: Plan, saved: Mapping[str, Any], path: Path) -> None:
    """Raises HeadstartError with the first difference between this fit and the one that wrote the checkpoint."""
    _check_same_model(dict(plan.parameters), dict(saved["parameters"]), path)
    for name in (field.name for field in fields(plan) if field.name != "parameters"):
        here, there = getattr(plan, name), saved[name]
        if here != there:
            raise HeadstartError(
                f"{path} was made with {name}={there!r}, this fit has {name}={here!r}",
                "Give the same arguments to go on as if never stopped, or leave resume out to start anew",
            )


def _check_same_model(here: dict[str, Any], there: dict[str, Any], path: Path) -> None:
    for name in [*there, *here]:
        if here.get(name) != there.get(name):
            raise HeadstartError(
                f"{path} is of another model: {name} is {_shape(there, name)} in it and {_shape(here, name)} here",
                "Build the same model as before, or leave resume out to start anew",
            )


def _shape(parameters: dict[str, Any], name: str) -> str:
    return str(parameters[name]) if name in parameters else "missing"


def _check(holds: bool, name: str, value: object, do: str) -> None:
    if not holds:
        raise HeadstartError(f"{name} is {value!r}", do)
