"""What the parameter ledger says of optimizers: what they hold, what of it is used, what they were not given."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from headstart.diagnosis.case import Case
from headstart.diagnosis.skill import ENOUGH_STEPS
from headstart.record import Layer, Optimizer, Parameter

STEPS = 3  # of an optimizer that were looked at, at least; its first may come before the first backward
SAME = 1e-6  # of a figure of the same values, summed in float32 in the same order
ROUNDED = 0.01  # of the weights' gradients: a bias' gradient that is zero but for rounding has up to 2e-3, in bfloat16


def held_by(case: Case, optimizer: Optimizer) -> list[Parameter]:
    return [parameter for parameter in case.record.parameters if parameter.optimizer == optimizer.name]


def left_out(case: Case) -> list[tuple[Layer, Parameter]]:
    """Trainable parameters that get gradients, which no optimizer holds and no hand moves; in flow order."""
    known = {parameter.name: parameter for parameter in case.record.parameters}
    return [
        (layer, known[name])
        for layer in case.in_flow(case.record.layers)
        for name in layer.parameters
        if name in known
        and _is_left_out(case, known[name])
        and (gets_gradient(case, layer) or has_gradient(case, known[name]))
    ]


def made_anew(case: Case) -> list[Layer]:
    """Layers of one kind at one place of the net, each of which had a gradient in a single step, another in each.

    No optimizer can hold what `forward` makes and drops again.
    """
    known = {parameter.name: parameter for parameter in case.record.parameters}
    places: dict[object, list[tuple[Layer, int]]] = {}
    for layer in case.record.layers:
        own = [known[name] for name in layer.parameters if name in known]
        steps = case.record.series(layer.name, "gradient.max_abs").steps
        if own and len(steps) == 1 and all(_is_left_out(case, parameter) for parameter in own):
            places.setdefault((layer.kind, layer.shape, layer.follows), []).append((layer, steps[0]))
    most = max(places.values(), key=len, default=[])
    return [layer for layer, _ in most] if len({step for _, step in most}) >= ENOUGH_STEPS else []


def gradient_share(case: Case, bias: Parameter, weight: Parameter) -> float | None:
    """The largest gradient of a bias over that of its layer's weight, at the step at which it is the largest share.

    None where no step has both.
    """
    ours, theirs = (case.record.series(each.name, "weight_gradient.max_abs") for each in (bias, weight))
    weights = {step: value for step, value in zip(theirs.steps, theirs.values, strict=True) if value > 0}
    known = [(step, value) for step, value in zip(ours.steps, ours.values, strict=True) if step in weights]
    shares = [value / weights[step] for step, value in known if math.isfinite(value) and math.isfinite(weights[step])]
    return max(shares, default=None)


def gets_gradient(case: Case, layer: Layer) -> bool:
    """Whether the backward reaches its output with a gradient that is not zero, more often than by chance.

    In a program of several threads a layer of another is seen until the first has taken a step.
    """
    return sum(value != 0 for value in case.record.series(layer.name, "gradient.max_abs").values) >= STEPS


def has_gradient(case: Case, parameter: Parameter) -> bool:
    """Whether an `nn.Parameter` that no optimizer holds had a gradient that is not zero, more often than by chance."""
    return sum(case.record.series(parameter.name, "weight.reached").values) >= STEPS


def _is_never_reached(case: Case, parameter: Parameter) -> bool:
    return (
        parameter.trainable
        and parameter.optimizer is not None
        and parameter.steps_seen >= STEPS
        and not parameter.steps_moved
        and not parameter.sparse
        and not case.record.series(parameter.name, "weight_gradient.mean")
    )


def _same_figures(case: Case, layer: Layer, fed: Layer) -> bool:
    """Whether what leaves the one is what enters the other: mean, spread and largest value at every step."""
    for figure in ("mean", "std", "max_abs"):
        leaves = case.record.series(layer.name, f"activation.{figure}")
        enters = case.record.series(fed.name, f"input.{figure}")
        if len(leaves) < STEPS or leaves.steps != enters.steps:
            return False
        if figure == "std" and not all(value > 0 for value in leaves.values):
            return False
        if any(abs(a - b) > SAME * abs(a) for a, b in zip(leaves.values, enters.values, strict=True)):
            return False
    return True


def _is_left_out(case: Case, parameter: Parameter) -> bool:
    """A hand may move it beside the optimizers: then it changes, though no step was seen to move it."""
    changed = any(case.record.series(parameter.name, "weight.changed").values)
    never = parameter.optimizer is None and not (parameter.steps_moved or changed)
    return parameter.trainable and (never or is_orphaned(parameter))


def is_orphaned(parameter: Parameter) -> bool:
    """Whether it was unfrozen after the optimizer that held it was gone and the next was made without it."""
    return parameter.orphaned >= STEPS


def is_idle(held: Sequence[Parameter]) -> bool:
    """Whether no tensor ever had a gradient at a step, or moved."""
    trainable = [parameter for parameter in held if parameter.trainable]
    return bool(trainable) and all(
        parameter.steps_seen >= STEPS and not parameter.steps_with_gradient and not parameter.steps_moved
        for parameter in trainable
    )


def never_reached(case: Case) -> list[tuple[Layer, Parameter]]:
    """Trainable parameters of layers that ran, held by an optimizer, whose `.grad` was None at every step; in flow order.

    Nothing where no parameter has a gradient: then the loop is at fault, or the loss.
    """
    known = {parameter.name: parameter for parameter in case.record.parameters}
    if not any(parameter.steps_with_gradient for parameter in known.values()):
        return []
    return [
        (layer, known[name])
        for layer in case.in_flow(case.record.layers)
        if case.record.series(layer.name, "activation.mean")
        for name in layer.parameters
        if name in known and _is_never_reached(case, known[name])
    ]


def never_with_graph(case: Case) -> list[Parameter]:
    """Trainable parameters that an optimizer holds and no gradient reaches, since their modules run under `no_grad`."""
    return [p for p in case.record.parameters if p.ungraded >= STEPS and _is_never_reached(case, p)]


def works_on_nothing(case: Case, optimizer: Optimizer) -> bool:
    """Whether it steps on and on, and none of the trainable tensors that it holds ever had a gradient."""
    held = [parameter for parameter in held_by(case, optimizer) if parameter.trainable]
    return optimizer.steps >= ENOUGH_STEPS and bool(held) and all(_is_never_reached(case, p) for p in held)


def cut_after(case: Case) -> tuple[Layer, Layer] | None:
    """A layer whose output feeds another one and whose graph ends between them: the same figures at every step.

    The first has no gradient although it ran with its graph; what the second is given has no graph, and is trained on.
    """
    feeds = [layer for layer in case.record.layers if not case.record.series(layer.name, "gradient.mean")]
    for fed in case.record.layers:
        if not case.record.series(fed.name, "input.mean") or not gets_gradient(case, fed):
            continue
        for layer in feeds:
            if layer.order < fed.order and _same_figures(case, layer, fed):
                return layer, fed
    return None


def drawn_into(case: Case) -> tuple[list[Layer], Layer] | None:
    """Trained layers that gave a Normal, and the trained layer that its samples entered without a graph.

    Not where one of the samples was scored: an action needs no way back.
    """
    layers = {layer.name: layer for layer in case.record.layers}
    held = {parameter.name for parameter in case.record.parameters if parameter.optimizer and parameter.trainable}
    for layer in case.in_flow(layers.values()):
        before = [layers[name] for name in layer.drawn_from if name in layers and held & set(layers[name].parameters)]
        if (
            before
            and not case.record.meta.get("scored")
            and held & set(layer.parameters)
            and gets_gradient(case, layer)
        ):
            return before, layer
    return None


def are_stale(case: Case, optimizer: Optimizer) -> bool:
    """Whether it holds nothing that is used, while what is used is in no optimizer."""
    held = held_by(case, optimizer)
    used = {name for layer in case.record.layers for name in layer.parameters}
    return is_idle(held) and not used & {parameter.name for parameter in held} and bool(left_out(case))


def replaced(case: Case, optimizer: Optimizer) -> tuple[list[Parameter], list[Layer]]:
    """Tensors of a live optimizer that nothing uses, and the layers of those in their places, which are in no optimizer.

    Nothing unless each of these has one of the others to itself, of its shape but for the number of units.
    """
    used = {name for layer in case.record.layers for name in layer.parameters}
    held = [p for p in held_by(case, optimizer) if p.layer is None and p.name not in used]
    idle = [p for p in held if p.trainable and not p.sparse and is_idle([p])]
    missing = [(layer, parameter) for layer, parameter in left_out(case) if not is_orphaned(parameter)]
    lacking = {parameter.name: parameter for _, parameter in missing}  # once, though two layers share it
    new, old = (Counter(_but_for_units(p) for p in each) for each in (lacking.values(), idle))
    if not new <= old or not any(len(parameter.shape) > 1 for _, parameter in missing):
        return [], []
    return idle, list({layer.name: layer for layer, _ in missing}.values())


def _but_for_units(parameter: Parameter) -> tuple[int, ...]:
    return (len(parameter.shape), *parameter.shape[1:])
