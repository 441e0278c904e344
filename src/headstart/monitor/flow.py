"""Joins what the graph says with what the modules are called: the facts of each layer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from math import prod

from torch import Tensor

from headstart.monitor.blocked import blocked
from headstart.monitor.graph import Graph, GraphLayer, Operation
from headstart.monitor.ledger import Ledger
from headstart.monitor.modules import INPUT, OUTPUT, Modules, Slot
from headstart.monitor.normed import normed
from headstart.monitor.operators import ACTIVATIONS
from headstart.monitor.sketch import Reading
from headstart.monitor.summed import summed
from headstart.record import Layer

PRODUCTS = ("addmm", "mm", "linear", "convolution")
TABLES = ("embedding", "embedding_bag")  # whose columns are units: the same rows come into each


@dataclass
class Flow:
    """What one graph told."""

    layers: list[Layer] = field(default_factory=list)
    # Layers whose activation is a bare function, and by what numbers their outputs are multiplied before it.
    functional: list[tuple[Slot, str, float]] = field(default_factory=list)
    inside: list[tuple[Slot, str]] = field(default_factory=list)  # layers that call it, and give what it gave
    opaque: set[str] = field(default_factory=set)
    raw: list[tuple[str, Operation]] = field(default_factory=list)  # layers without a module
    raw_activations: list[tuple[str, Operation]] = field(default_factory=list)  # and the activations that they feed
    names: dict[int, str] = field(default_factory=dict)  # of the layers, by their operation's index

    def readings(self) -> Iterator[tuple[Slot, Reading]]:
        """How the outputs of layers are to be read that a bare function follows."""
        yield from ((slot, INPUT[name].scaled(scale)) for slot, name, scale in self.functional if name in INPUT)
        yield from ((slot, OUTPUT[name]) for slot, name in self.inside if name in OUTPUT)


def describe(graph: Graph, modules: Modules, ledger: Ledger, variable_of: Callable[[object], str | None]) -> Flow:
    """Facts of all layers in `graph`; raw tensors that it meets enter the ledger under their variables' names."""
    flow = Flow()
    by_name = {slot.name: slot for slot in modules.slots.values() if slot.name}
    found = graph.layers()
    names = flow.names
    stopped, rows, softmaxes = blocked(graph), summed(graph), graph.softmaxes_first()
    norms = normed(graph)
    for layer in found:
        for parameter in layer.parameters:
            if parameter not in ledger:
                ledger.add(parameter, variable_of(parameter) or f"tensor{len(ledger.lines)}")
        names[layer.operation.index] = _owner(layer, ledger, by_name)
    in_turn = used_in_turn(found, names)
    _note_products(found, names, by_name)
    for layer in found:
        name = names[layer.operation.index]
        slot = by_name.get(name)
        follows = tuple(dict.fromkeys(names[index] for index in layer.follows if names[index] != name))
        facts = facts_of(slot, ledger) if slot else _raw(layer, name, ledger)
        facts = replace(facts, softmax_first=softmaxes.get(layer.operation.index, ()), in_turn=in_turn.get(name, ()))
        after = ACTIVATIONS.get(norms.after.get(layer.operation.index, ""), "")
        facts = replace(facts, normed_after=after if layer.operation.role == "weights" else None)
        flow.layers.append(
            _with_graph(facts, layer, follows, stopped.get(layer.operation.index), rows.get(layer.operation.index))
        )
        _note_units(layer, ledger)
        if slot is not None:
            _note_activation(layer, slot, flow)
        tag = layer.activation_tag
        if isinstance(tag, Slot) and tag.name and slot is not None and tag is not slot:
            tag.channels_first = slot.channels_first
            flow.layers.append(replace(facts_of(tag, ledger), follows=(name,)))
        if layer.operation.role == "opaque":
            what = "compiled" if layer.operation.op == "compiled_function" else "a custom autograd function"
            flow.opaque.add(f"{name or 'a part of the model'} is {what}: its inside is not seen")
        if slot is None and layer.operation.role == "weights":
            flow.raw.append((name, layer.operation))
    _note_dead(modules)
    ledger.cancelled(norms.biases)
    raw = {operation.index: name for name, operation in flow.raw}
    for operation in graph.operations:
        feeders = graph.feeders(operation) if operation.role == "activation" and raw else []
        if len(feeders) == 1 and feeders[0].index in raw and operation.op not in ("softmax", "log_softmax"):
            flow.raw_activations.append((raw[feeders[0].index], operation))
    return flow


def used_in_turn(layers: list[GraphLayer], names: dict[int, str]) -> dict[str, tuple[str, ...]]:
    """By a norm's name: the layers that feed it, where it stands at several places on one way and each has its own.

    Two views of a batch, or a discriminator's real and generated samples, pass it side by side; the steps of a recurrence
    are fed by the same layer.
    """
    upstream: dict[int, frozenset[int]] = {}
    uses: dict[str, list[GraphLayer]] = {}
    for layer in layers:
        index = layer.operation.index
        upstream[index] = frozenset(layer.follows).union(*(upstream[feeder] for feeder in layer.follows))
        if layer.operation.role == "norm" and layer.follows:
            uses.setdefault(names[index], []).append(layer)
    found: dict[str, tuple[str, ...]] = {}
    for name, (first, *others) in uses.items():
        before = {names[index] for index in first.follows}
        fed = [use.follows for use in others if first.operation.index in upstream[use.operation.index]]
        own = [index for follows in fed if not before & {names[index] for index in follows} for index in follows]
        if own:
            found[name] = tuple(dict.fromkeys(names[index] for index in (*first.follows, *own)))
    return found


def raw_slot(feeder: str, operation: Operation, order: int) -> Slot:
    """The slot of an activation that is a bare function after a raw tensor: `w1.relu`."""
    name = ACTIVATIONS[operation.op]
    slot = Slot(None, name, name, order, None, name=f"{feeder}.{name}", units=operation.shape[-1])
    slot.dead_at = 0.0 if name in ("relu", "relu6") else None
    return slot


def facts_of(slot: Slot, ledger: Ledger) -> Layer:
    """What a module alone tells."""
    module = slot.module() if slot.module else None
    own = [] if module is None else [p for p in module._parameters.values() if p is not None]
    known = [name for p in own if (name := ledger.name_of(p)) is not None]
    weight = next((p for p in own if p.ndim > 1), own[0] if own else None)
    units_dim = 1 if getattr(module, "transposed", False) else 0
    if module is not None and slot.product is not None:
        weight, units_dim = module._parameters.get(slot.product[0]), slot.product[1]
    shape = () if weight is None else tuple(weight.shape)
    fan_in, fan_out = fans(shape, units_dim)
    return Layer(
        slot.name,
        slot.kind,
        slot.order,
        tuple(known),
        shape,
        fan_in,
        fan_out,
        slot.units,
        slot.activation,
        trainable=any(p.requires_grad for p in own),
        line=slot.line,
        factor=slot.product[0] if slot.product else None,
        places=slot.places,
        steps_first=slot.steps_first,
        samples_before=slot.samples_before,
        crossed=slot.crossed,
        drawn_from=tuple(before.name for before in slot.drawn_from if before.name),
        frozen_at=slot.frozen_at,
        states=slot.viewed[0] if slot.viewed else (),
        viewed=slot.viewed[1] if slot.viewed else (),
    )


def fans(shape: tuple[int, ...], units_dim: int) -> tuple[int | None, int | None]:
    """Connections into and out of one unit, as torch.nn.init counts them; None for vectors."""
    if len(shape) < 2:
        return None, None
    field_size = prod(shape[2:])
    return shape[1 - units_dim] * field_size, shape[units_dim] * field_size


def _owner(layer: GraphLayer, ledger: Ledger, by_name: dict[str, Slot]) -> str:
    """The layer's name: its module's path, or its weight's own name."""
    if not layer.parameters:
        return layer.operation.op
    weight = max(layer.operation.parameters or layer.parameters, key=lambda parameter: parameter.ndim)
    name = ledger.of(weight).facts.name
    path = name
    while path:
        path = path.rpartition(".")[0]
        if path in by_name:
            return path
    if "." not in name:  # a model that is one layer of torch's has no path
        for slot in by_name.values():
            module = slot.module() if slot.module else None
            own = module._parameters.values() if module and type(module).__module__.startswith("torch.") else ()
            if any(parameter is weight for parameter in own):
                return slot.name
    holder = name.partition(".parametrizations.")[0].rpartition(".")[0]
    return holder or ("" if layer.operation.role == "opaque" else name)


def _raw(layer: GraphLayer, name: str, ledger: Ledger) -> Layer:
    operation = layer.operation
    weight = max(operation.parameters, key=lambda parameter: parameter.ndim)
    shape = tuple(weight.shape)
    fan_in, fan_out = fans(shape, operation.units_dim or 0)
    if operation.op in ("mv", "dot") and len(shape) == 1:  # x @ w: one unit
        fan_in, fan_out = shape[0], 1
    return Layer(
        name,
        operation.op,
        operation.index,
        tuple(ledger.of(parameter).facts.name for parameter in layer.parameters),
        shape,
        fan_in,
        fan_out,
        shape[operation.units_dim] if operation.units_dim is not None else None,
    )


def _with_graph(
    facts: Layer, layer: GraphLayer, follows: tuple[str, ...], stopped: str | None, rows: int | None
) -> Layer:
    return replace(
        facts,
        activation=facts.activation or layer.activation,
        norm=layer.norm,
        follows=follows,
        residual=layer.residual,
        output=layer.output,
        blocked=stopped,
        bare=layer.bare,
        summed=rows,
    )


def _note_products(layers: list[GraphLayer], names: dict[int, str], by_name: dict[str, Slot]) -> None:
    """Of modules that are not torch's own: whether they are a linear layer, and which way its weight lies."""
    uses: dict[str, list[Operation]] = {}
    for layer in layers:
        if layer.operation.role == "weights":
            uses.setdefault(names[layer.operation.index], []).append(layer.operation)
    for name, operations in uses.items():
        if (slot := by_name.get(name)) is not None:
            slot.product = _product(slot, operations)


def _product(slot: Slot, operations: list[Operation]) -> tuple[str, int] | None:
    module = slot.module() if slot.module else None
    if module is None or type(module).__module__.startswith("torch."):
        return None
    own = {id(p): key for key, p in module._parameters.items() if p is not None}
    weights = {own.get(id(p)) for operation in operations for p in operation.parameters if p.ndim > 1}
    dims = {operation.units_dim for operation in operations}
    inner = sum(1 for _ in module.parameters()) > len(own)
    if inner or len(weights) != 1 or len(dims) != 1 or any(operation.op not in PRODUCTS for operation in operations):
        return None
    key, dim = weights.pop(), dims.pop()
    return None if key is None or dim is None else (key, dim)


def _note_units(layer: GraphLayer, ledger: Ledger) -> None:
    dim = 1 if layer.operation.op in TABLES else layer.operation.units_dim
    if dim is not None and layer.operation.parameters:
        weight: Tensor = max(layer.operation.parameters, key=lambda parameter: parameter.ndim)
        entry = ledger.of(weight)
        entry.dirty |= dim not in entry.units_dims
        entry.units_dims.add(dim)


def _note_activation(layer: GraphLayer, slot: Slot, flow: Flow) -> None:
    if layer.activation and layer.activation_tag is slot:
        flow.inside.append((slot, layer.activation))
        slot.dead_at = 0.0 if layer.activation == "relu" else None
    elif layer.direct and layer.activation and not isinstance(layer.activation_tag, Slot):
        flow.functional.append((slot, layer.activation, layer.scale))
        if layer.activation == "relu":
            slot.dead_at = 0.0


def _note_dead(modules: Modules) -> None:
    for slot in modules.slots.values():
        if slot.activation in ("relu", "relu6"):
            slot.dead_at = 0.0
