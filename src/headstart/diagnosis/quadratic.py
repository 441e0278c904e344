"""Runs whose loss is a parabola in the weights: squared errors of what one linear layer gives.

Gradient descent multiplies the way to the best weights by I - lr·H at each step, and momentum does the like, where H, the
second moments of the inputs, hangs neither on the targets nor on where the weights are. So where the loss grows step by
step to the end, the rate is too high for these inputs, and no other start and no other targets would help.
"""

from __future__ import annotations

from headstart.diagnosis.case import Case, is_linear
from headstart.diagnosis.skill import runs_away


def diverges(case: Case) -> bool:
    """Whether it is such a run, by plain descent, and its loss grows to the end."""
    layers = [layer for layer in case.record.layers if layer.parameters]
    losses = [loss.kind for loss in case.record.losses if loss.trained]
    parabola = len(layers) == 1 and is_linear(layers[0]) and not (layers[0].activation or layers[0].norm)
    plain = {optimizer.kind for optimizer in case.record.optimizers} <= {"SGD"}
    return parabola and plain and losses == ["mse_loss"] and runs_away(case.record) is not None
