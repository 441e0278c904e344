"""What the parameter ledger says of optimizers: what they hold, what of it is used, what they were not given."""

from __future__ import annotations

from collections.abc import Sequence

from headstart.diagnosis.case import Case
from headstart.record import Layer, Optimizer, Parameter

STEPS = 3  # of an optimizer that were looked at, at least; its first may come before the first backward


def held_by(case: Case, optimizer: Optimizer) -> list[Parameter]:
    return [parameter for parameter in case.record.parameters if parameter.optimizer == optimizer.name]


def left_out(case: Case) -> list[tuple[Layer, Parameter]]:
    """Trainable parameters of layers that get gradients, which no optimizer holds and no hand moves; in flow order."""
    known = {parameter.name: parameter for parameter in case.record.parameters}
    return [
        (layer, known[name])
        for layer in case.in_flow(case.record.layers)
        if gets_gradient(case, layer)
        for name in layer.parameters
        if name in known and _is_left_out(known[name])
    ]


def gets_gradient(case: Case, layer: Layer) -> bool:
    """Whether the backward reaches its output with a gradient that is not zero, more often than by chance.

    In a program of several threads a layer of another is seen until the first has taken a step.
    """
    return sum(value != 0 for value in case.record.series(layer.name, "gradient.max_abs").values) >= STEPS


def _is_left_out(parameter: Parameter) -> bool:
    return parameter.trainable and parameter.optimizer is None and not parameter.steps_moved


def is_idle(held: Sequence[Parameter]) -> bool:
    """Whether no tensor ever had a gradient at a step, or moved."""
    trainable = [parameter for parameter in held if parameter.trainable]
    return bool(trainable) and all(
        parameter.steps_seen >= STEPS and not parameter.steps_with_gradient and not parameter.steps_moved
        for parameter in trainable
    )


def are_stale(case: Case, optimizer: Optimizer) -> bool:
    """Whether it holds nothing that is used, while what is used is in no optimizer."""
    held = held_by(case, optimizer)
    used = {name for layer in case.record.layers for name in layer.parameters}
    return is_idle(held) and not used & {parameter.name for parameter in held} and bool(left_out(case))
