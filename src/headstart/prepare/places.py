"""Where each weight stands in the network: what its input comes from, what its output meets, which branch it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from torch import Tensor, nn

from headstart.errors import HeadstartError
from headstart.monitor.graph import Graph, GraphLayer, Operation
from headstart.monitor.operators import ACTIVATIONS
from headstart.prepare.activations import Moments, moments

LINEAR = Moments(0.0, 1.0, 1.0)
POOLS = "_pool"  # in the names of operators that give averages or maxima of several places
FAR = 64  # operations between two weights that share a scale, at most
# f(cz) = c f(z) for c > 0, or nearly so: the first four exactly.
SCALING = ("relu", "leaky_relu", "prelu", "rrelu", "gelu", "silu", "mish", "hardswish")


# What a norm divides: all that the weight gives, that beside what others give, or the weight itself.
Divided = Literal["output", "part", "weight"]


@dataclass(frozen=True)
class Source:
    """What a layer's input comes from, and its moments if all pre-activations before it have mean 0 and std 1."""

    name: str  # an activation, a norm, "input", "sum", "gate", "attention" or "linear"
    moments: Moments


@dataclass(frozen=True)
class Place:
    source: Source
    activation: str | None  # that the layer's output meets, perhaps after a norm
    norm: str | None  # between the two
    ends_branch: bool  # its output, unnormalised, is added to a shortcut
    has_scale: bool  # a learned factor (LayerScale, SkipInit) stands between it and the sum
    output: bool  # no layer between it and the loss
    divided: Divided | None = None  # by norms, and used nowhere else: its scale changes nothing
    into: int | None = None  # id of the weight that alone takes what it gives: they share a scale
    through: str | None = None  # on the way there: an activation, "attention" or "linear"


UNREACHED = Place(Source("unknown", LINEAR), None, None, ends_branch=False, has_scale=False, output=False)


class Places:
    """The places of all parameters of one graph, by the parameter's id."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sources: dict[int, Source] = {}
        self.by_parameter: dict[int, Place] = {}
        self.zeroable: set[int] = set()  # ids of the scales of norms that end a branch
        self.branches = 0
        self._reused: set[int] = set()
        for layer in graph.layers():
            self._add(layer)

    def of(self, parameter: Tensor) -> Place:
        place = self.by_parameter.get(id(parameter), UNREACHED)
        if id(parameter) in self._reused:  # where it is used again, its scale may count
            return replace(place, divided=None, into=None)
        return replace(place, into=None) if place.into in self._reused else place

    def _add(self, layer: GraphLayer) -> None:
        is_norm = layer.operation.role == "norm"
        to_sum = self._way_to_sum(layer.operation) if layer.residual else None
        ends = to_sum is not None
        place = Place(
            self._source(layer.operation),
            layer.activation,
            layer.norm,
            ends and not is_norm,
            bool(to_sum),
            layer.output and not is_norm,
            self._divided(layer.operation),
            *self._sharer(layer.operation),
        )
        self.branches += ends and layer.operation.role != "other"
        if is_norm and ends:
            self.zeroable.update(id(parameter) for parameter in layer.parameters)
        for parameter in layer.parameters:
            if self.by_parameter.setdefault(id(parameter), place) is not place:
                self._reused.add(id(parameter))

    def _way_to_sum(self, operation: Operation) -> list[Operation] | None:
        """The learned scales between a layer and the sum that its branch ends in; None if something else comes first."""
        scales: list[Operation] = []
        here = operation
        while len(here.consumers) == 1:
            here = self._graph.operations[here.consumers[0]]
            if here.role == "join":
                return scales
            if here.role != "shape":
                return None
            if here.op == "mul" and here.parameters:
                scales.append(here)
        return None

    def _divided(self, operation: Operation) -> Divided | None:
        """What norms divide of it: then a positive factor on its weight changes nothing."""
        if operation.role == "norm":
            return "weight"  # its larger parameter, if it has one, is what it standardises
        if operation.role != "weights":
            return None
        todo, seen, found = [(operation, False)], {operation.index}, "output"
        while todo:
            here, joined = todo.pop()
            if not here.consumers:
                return None
            for index in here.consumers:
                consumer = self._graph.operations[index]
                if consumer.role == "norm":
                    if joined and "batch_norm" not in consumer.op:
                        return None  # it weighs the layer's channels against others
                    found = "part" if joined else found
                elif not _scales_along(consumer):
                    return None
                elif index not in seen:
                    seen.add(index)
                    todo.append((consumer, joined or len(consumer.inputs) > 1))
        return "part" if found == "part" else "output"

    def _sharer(self, operation: Operation) -> tuple[int | None, str | None]:
        """The weight that alone takes what `operation` gives, and takes nothing else, and what is on the way."""
        reached, ends = {operation.index}, set()
        todo = [operation] if operation.role == "weights" else []
        while todo and len(reached) < FAR:
            for index in todo.pop().consumers:
                consumer = self._graph.operations[index]
                if consumer.role == "weights" and consumer.parameters:
                    ends.add(index)
                elif index not in reached:
                    reached.add(index)
                    todo.append(consumer)
        on_the_way = [self._graph.operations[index] for index in reached - {operation.index}]
        if (
            todo
            or len(ends) != 1
            or any(not reached.issuperset(each.inputs) or not each.consumers for each in on_the_way)
        ):
            return None, None
        end = self._graph.operations[ends.pop()]
        through = _way(on_the_way)
        if through is None or not reached.issuperset(end.inputs):
            return None, None
        return next((id(each) for each in end.parameters if each.ndim > 1), None), through

    def _source(self, operation: Operation) -> Source:
        """Of the data that `operation` works on."""
        if not operation.inputs:
            return Source("input", LINEAR)
        found = [self._given_by(self._graph.operations[index]) for index in operation.inputs]
        return _mixture(found)

    def _given_by(self, operation: Operation) -> Source:
        """The signal that leaves `operation`. Without recursion over long chains of shapes."""
        while operation.role == "shape" and len(operation.inputs) == 1 and POOLS not in operation.op:
            operation = self._graph.operations[operation.inputs[0]]
        if operation.index not in self._sources:
            self._sources[operation.index] = self._signal(operation)
        return self._sources[operation.index]

    def _signal(self, operation: Operation) -> Source:
        inputs = [self._graph.operations[index] for index in operation.inputs]
        if POOLS in operation.op:  # a maximum of ReLUs is above 1, a mean of them below: the batch will tell
            return Source(operation.op.removesuffix("_with_indices"), LINEAR)
        if operation.role == "activation":
            return _activated(operation)
        if operation.role == "norm":
            return Source(operation.op.removeprefix("native_").removeprefix("cudnn_"), LINEAR)
        if operation.role == "gate":
            return _gated([self._given_by(each) for each in inputs])
        if operation.role == "shape" and inputs:
            return _mixture([self._given_by(each) for each in inputs])
        if operation.role == "shape":
            return Source("input", LINEAR)
        names = {"join": "sum", "weights": "linear", "attention": "attention"}
        return Source(names.get(operation.role, operation.op), LINEAR)


def _scales_along(operation: Operation) -> bool:
    """Whether a positive factor on its input comes out as the same factor on what it gives of it."""
    if operation.op in ("add", "sub"):  # a bias, which starts at zero
        return bool(operation.parameters) and all(parameter.ndim == 1 for parameter in operation.parameters)
    return operation.role == "shape"


def _way(operations: list[Operation]) -> str | None:
    """ "attention", the one activation, or "linear", if a factor on what enters leaves it again, or nearly so."""
    if any(each.role == "attention" or each.op == "softmax" for each in operations):
        return "attention"  # of values at the least, whatever becomes of keys and queries
    active = [each for each in operations if each.role == "activation"]
    if len(active) > 1 or any(not _scales_along(each) for each in operations if each not in active):
        return None
    names = [ACTIVATIONS[each.op] for each in active]
    return (names[0] if names[0] in SCALING else None) if names else "linear"


_CACHE: dict[str, Moments] = {}


def activation_moments(activation: str | nn.Module, features: int | None = None) -> Moments | None:
    """`moments`, remembered by what a module prints; None for what is not elementwise or not known."""
    key = f"{activation!r} {features}"
    if isinstance(activation, nn.PReLU):  # what it prints does not name its slopes
        return moments(activation)
    if key not in _CACHE:
        try:
            _CACHE[key] = moments(activation, features=features)
        except HeadstartError:
            return None
    return _CACHE[key]


def _activated(operation: Operation) -> Source:
    name = ACTIVATIONS[operation.op]
    features = operation.shape[-1] if operation.shape else None
    known = None
    if isinstance(operation.tag, nn.Module):
        known = activation_moments(operation.tag, features)
    return Source(name, known or activation_moments(name, features) or LINEAR)


def _gated(factors: list[Source]) -> Source:
    """A product of independent signals: their second moments multiply."""
    second = derivative = 1.0
    for factor in factors:
        second, derivative = second * factor.moments.second, derivative * factor.moments.second
    return Source(
        " × ".join(dict.fromkeys(factor.name for factor in factors)) or "gate", Moments(0.0, second, derivative)
    )


def _mixture(parts: list[Source]) -> Source:
    """A concatenation: moments are averaged."""
    if len(parts) == 1:
        return parts[0]
    names = " + ".join(dict.fromkeys(part.name for part in parts))
    columns = zip(*((part.moments.mean, part.moments.second, part.moments.derivative) for part in parts), strict=True)
    return Source(names, Moments(*(sum(column) / len(parts) for column in columns)))
