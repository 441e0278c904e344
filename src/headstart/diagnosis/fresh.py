"""Whether a run starts from weights that nothing has trained before, as far as the record tells."""

from __future__ import annotations

import math

from headstart.diagnosis.case import LINEAR, Case
from headstart.record import Layer, Loss, Parameter, Series

BATCHES = 20  # seen by a batch norm before the first step: more than warming up
CHANCE = 3.0  # standard deviations of the share of right answers, above which it is no guess


def starts_fresh(case: Case, answers: bool = True) -> bool:
    """False where a part is frozen, or the first look shows what only training makes: such a run goes on from another.

    `answers`: so does it if they are right; to say which two of a batch are alike, no training is needed.
    """
    record = case.record
    return (
        all(parameter.trainable for parameter in record.parameters)
        and not any(batches and batches.first > BATCHES for batches in _batches(case))
        and not any(_is_trained(case, layer) for layer in record.layers)
        and not (answers and any(_knows_more_than_chance(case, loss) for loss in record.losses))
    )


def is_among_the_batch(loss: Loss) -> bool:
    """Whether the classes are the batch itself: as many, and each the right one once a batch."""
    square = len(loss.shape) == 2 and loss.shape[0] == loss.shape[1] > 1 and loss.target_shape == loss.shape[:1]
    return loss.kind == "cross_entropy" and square and len({*loss.targets.mass}) == 1


def _batches(case: Case) -> list[Series]:
    return [case.record.series(mode.name, "norm.batches") for mode in case.record.modes]


def _is_trained(case: Case, layer: Layer) -> bool:
    """A norm's scale starts as all ones, the bias of a linear layer within 1/√fan_in or as one number."""
    own = [parameter for name in layer.parameters if (parameter := case.record.parameter(name))]
    return any(_is_spread(case, layer, parameter) for parameter in own if len(parameter.shape) == 1)


def _is_spread(case: Case, layer: Layer, parameter: Parameter) -> bool:
    std, most = (case.record.series(parameter.name, f"weight.{figure}") for figure in ("std", "max_abs"))
    if not std or not std.first > 0:
        return False
    if layer.kind in LINEAR:
        return bool(layer.fan_in) and most.first > 1.01 / math.sqrt(layer.fan_in or 1)
    return "Norm" in layer.kind


def _knows_more_than_chance(case: Case, loss: Loss) -> bool:
    """Whether more of the first answers are right than always the commonest class would get."""
    accuracy, mass, labels = case.record.accuracy_of(loss.name), loss.targets.mass, math.prod(loss.target_shape)
    if not accuracy or not loss.target_shape or not labels or not sum(mass):
        return False
    chance = max(mass) / sum(mass)
    return accuracy.first > chance + CHANCE * math.sqrt(chance * (1 - chance) / labels) + 1 / labels
