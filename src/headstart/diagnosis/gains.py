"""By how much each layer's first weights scale the signal, against the law that keeps its size.

For inputs of second moment 1, fan_in independent weights of mean square w² and an activation φ with gain
g = E[φ(z)²]^(-1/2), z ~ N(0, 1), the output's second moment is (w √fan_in / g)² as long as φ is close to homogeneous:
the weights' law is w = g / √fan_in. Source: He et al. 2015, §2.2; for ReLU g = √2.

Where φ(0) is not 0, that size says nothing of what tells two inputs apart. What does is multiplied by w √fan_in and by
φ's slope, which is nowhere above 1/4 for a sigmoid: E|W d|² = fan_out w² |d|² for independent weights.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from headstart.diagnosis.case import LINEAR, RECURRENT, Case
from headstart.record import Layer, Parameter

# E[φ(z)²]^(-1/2) by quadrature; the tests compute them again with SciPy.
GAINS = {
    "relu": 1.4142,
    "relu6": 1.4142,
    "leaky_relu": 1.4141,
    "prelu": 1.4142,
    "rrelu": 1.3785,
    "elu": 1.2452,
    "celu": 1.2452,
    "selu": 1.0,
    "gelu": 1.5335,
    "silu": 1.6765,
    "mish": 1.4868,
    "softplus": 1.0419,
    "tanh": 1.5925,
    "sigmoid": 1.8462,
    "softsign": 2.3375,
    "hardtanh": 1.392,
    "hardswish": 1.7367,
    "hardsigmoid": 1.8978,
}
# φ(0) ≠ 0: however small what enters, what leaves has a size; it says less and less, but does not die out.
NEVER_ZERO = ("sigmoid", "hardsigmoid", "softplus", "softmax", "log_softmax")
SLOPES = {"sigmoid": 1 / 4, "hardsigmoid": 1 / 6}  # the steepest, of those that are never steep
BOUNDED = ("tanh", "sigmoid", "softsign", "hardtanh", "hardsigmoid", "relu6", "softmax", "log_softmax")


IN_USE = 0.41  # of the signal that PyTorch's default start leaves before a ReLU, √(1/6): the smallest law in use
MOVED = 0.5  # of the size seen first, by steps taken before that look: the start is then known within a factor of 2
CHANCE = 1e-4  # of weights as small by chance: one weight of U(-1, 1) is below 0.05 once in 20 draws


@dataclass(frozen=True)
class Gain:
    """One layer's first weights."""

    layer: Layer
    weight: Parameter
    step: int  # at which they were first seen
    std: float  # root mean square of its weights, as a mean may carry the signal, too
    law: float  # that keeps the signal's size
    along: float  # the signal's size behind this layer; 1 in front of the first, and behind a norm or a shortcut
    depth: int  # layers that `along` is a product over
    apart: float  # of what tells two inputs apart, at most this is left behind this layer and its activation
    deep: int  # layers that `apart` is a product over

    @property
    def own(self) -> float:
        """The factor by which this layer alone is off."""
        return self.std / self.law


def gains(case: Case) -> Iterator[Gain]:
    """In flow order, of the linear layers whose output no norm rescales."""
    weights = {layer.name: weight for layer, weight in case.weighted(LINEAR)}
    handed_on: dict[str, tuple[float, int]] = {}
    told_apart: dict[str, tuple[float, int]] = {}
    before: tuple[str, ...] = ()
    for layer in case.in_flow(case.record.layers):
        feeding = layer.follows if case.flow.known else before
        size, apart = (
            max((known.get(name, (1.0, 0)) for name in feeding), default=(1.0, 0)) for known in (handed_on, told_apart)
        )
        before = () if layer.output else (layer.name,)
        gain = _gain(case, layer, weights.get(layer.name), size, apart)
        if gain is not None:
            yield gain
        handed_on[layer.name] = _behind(layer, (gain.along, gain.depth) if gain else None, size, NEVER_ZERO)
        told_apart[layer.name] = _behind(layer, (gain.apart, gain.deep) if gain else None, apart)


def recurrent_gains(case: Case) -> Iterator[Gain]:
    """Of the weights that carry a state from step to step: by how much each step scales it, 1 by the law 1/√hidden."""
    for layer in case.in_flow(case.record.layers):
        if layer.kind not in RECURRENT:
            continue
        for parameter in map(case.record.parameter, layer.parameters):
            if parameter and parameter.trainable and ".weight_hh" in f".{parameter.name}":
                size, step = _first_size(case, parameter)
                if size:
                    law = 1 / math.sqrt(parameter.shape[1])
                    yield Gain(layer, parameter, step, size, law, size / law, 1, size / law, 1)


def divided_out(case: Case) -> set[str]:
    """Layers whose output meets a norm on every way, be it behind more layers or a shortcut: whatever its size, it goes."""
    behind: dict[str, list[Layer]] = {}
    for layer in case.record.layers:
        for name in layer.follows if layer.parameters else ():
            behind.setdefault(name, []).append(layer)
    found: set[str] = set()
    for layer in reversed(case.in_flow(case.record.layers)):
        ways = behind.get(layer.name, [])
        if ways and all(way.norm or "norm" in way.kind.lower() or way.name in found for way in ways):
            found.add(layer.name)
    return found


def may_be_chance(gain: Gain) -> bool:
    """Whether so few weights, drawn by the smallest law in use, may be as small: Chernoff's bound for χ²."""
    share = min(1.0, (gain.own / IN_USE) ** 2)
    return bool((share * math.exp(1 - share)) ** (math.prod(gain.weight.shape) / 2) > CHANCE)


def as_usual(end: Gain, part: Gain) -> Gain:
    """What would be left behind `end` if the weights of `part` had the size that PyTorch gives them."""
    return replace(end, along=end.along / part.own * IN_USE)


def _gain(
    case: Case, layer: Layer, weight: Parameter | None, before: tuple[float, int], apart: tuple[float, int]
) -> Gain | None:
    if weight is None or layer.norm or not layer.fan_in:
        return None
    size, step = _first_size(case, weight)
    if not size:
        return None  # from zero on purpose (a head, a last layer of a branch), or by symmetric-weights
    root = math.sqrt(layer.fan_in)
    law = GAINS.get(layer.activation or "", 1.0) / root
    slope = SLOPES.get(layer.activation or "", 1 / (law * root))
    return Gain(
        layer,
        weight,
        step,
        size,
        law,
        before[0] * size / law,
        before[1] + 1,
        apart[0] * size * root * slope,
        apart[1] + 1,
    )


def _first_size(case: Case, weight: Parameter) -> tuple[float, int]:
    """Root mean square at the first look, and its step; 0 if it is not known."""
    means, stds = (case.record.series(weight.name, f"weight.{figure}") for figure in ("mean", "std"))
    if not stds or not math.isfinite(stds.first):
        return 0.0, 0
    size, step = math.hypot(means.first, stds.first), stds.steps[0]
    return (size, step) if _moved_before(case, weight, step) < MOVED * size else (0.0, 0)


def _moved_before(case: Case, weight: Parameter, step: int) -> float:
    """How far its steps may have moved it before its first look, as a later one of several nets is first met at a step
    that is looked at; in the step before that was looked at, it was not there."""
    before = case.record.series("", "loop.backwards").until(step - 1)
    missed = step - 1 - before.steps[-1] if before else 0
    moves = (case.record.series(weight.name, f"update.{figure}") for figure in ("mean", "std"))
    return missed * math.hypot(*(move.first if move else 0.0 for move in moves)) if missed else 0.0


def _behind(
    layer: Layer, reached: tuple[float, int] | None, incoming: tuple[float, int], restored: tuple[str, ...] = ()
) -> tuple[float, int]:
    """What reaches the next layer; activations in `restored` give a size of their own."""
    if reached is None:
        return incoming if not layer.parameters else (1.0, 0)  # a norm, an embedding, a recurrent layer
    if layer.residual:
        return max((1.0, 0), reached)  # the shortcut carries the signal past a small branch
    if layer.activation in restored:
        reached = max((1.0, 0), reached)
    if layer.activation in BOUNDED:
        reached = min((1.0, 0), reached)
    return reached
