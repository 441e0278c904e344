"""Where each weight stands in the network: what its input comes from, what its output meets, which branch it ends."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import Tensor, nn

from headstart.errors import HeadstartError
from headstart.monitor.graph import Graph, GraphLayer, Operation
from headstart.prepare.activations import Moments, moments

LINEAR = Moments(0.0, 1.0, 1.0)
POOLS = "_pool"  # in the names of operators that give averages or maxima


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
    free_scale: bool = False  # its output goes into norms and nowhere else, so that its scale changes nothing


UNREACHED = Place(Source("unknown", LINEAR), None, None, ends_branch=False, has_scale=False, output=False)


class Places:
    """The places of all parameters of one graph, by the parameter's id."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._sources: dict[int, Source] = {}
        self.by_parameter: dict[int, Place] = {}
        self.zeroable: set[int] = set()  # ids of the scales of norms that end a branch
        self.branches = 0
        for layer in graph.layers():
            self._add(layer)

    def of(self, parameter: Tensor) -> Place:
        return self.by_parameter.get(id(parameter), UNREACHED)

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
            not is_norm and layer.operation.role == "weights" and self._only_into_norms(layer.operation),
        )
        self.branches += ends and layer.operation.role != "other"
        if is_norm and ends:
            self.zeroable.update(id(parameter) for parameter in layer.parameters)
        for parameter in layer.parameters:
            known = self.by_parameter.setdefault(id(parameter), place)
            if known.free_scale and not place.free_scale:  # used again, where its scale counts
                self.by_parameter[id(parameter)] = replace(known, free_scale=False)

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

    def _only_into_norms(self, operation: Operation) -> bool:
        """Whether a positive factor on what `operation` gives is divided out again, by whatever uses it."""
        todo, seen = [(operation, False)], {operation.index}
        while todo:
            here, joined = todo.pop()
            if not here.consumers:
                return False
            for index in here.consumers:
                consumer = self._graph.operations[index]
                if consumer.role == "norm":
                    if joined and "batch_norm" not in consumer.op:
                        return False  # it weighs the layer's channels against others
                elif not _scales_along(consumer):
                    return False
                elif index not in seen:
                    seen.add(index)
                    todo.append((consumer, joined or len(consumer.inputs) > 1))
        return True

    def _source(self, operation: Operation) -> Source:
        """Of the data that `operation` works on."""
        if not operation.inputs:
            return Source("input", LINEAR)
        found = [self._given_by(self._graph.operations[index]) for index in operation.inputs]
        return _mixture(found)

    def _given_by(self, operation: Operation) -> Source:
        """The signal that leaves `operation`. Without recursion over long chains of shapes."""
        while operation.role == "shape" and len(operation.inputs) == 1:
            operation = self._graph.operations[operation.inputs[0]]
        if operation.index not in self._sources:
            self._sources[operation.index] = self._signal(operation)
        return self._sources[operation.index]

    def _signal(self, operation: Operation) -> Source:
        inputs = [self._graph.operations[index] for index in operation.inputs]
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
    return operation.role == "shape" or POOLS in operation.op


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
    from headstart.monitor.operators import ACTIVATIONS

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
