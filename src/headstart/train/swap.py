"""Where a model has activations, and which of them can be swapped: modules can, calls such as `F.relu` cannot."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from headstart.monitor.graph import Graph, Operation, read_graph, tag
from headstart.monitor.modules import ACTIVATIONS
from headstart.prepare.norm.layers import has_hooks, replace

RECTIFIERS = (
    "relu",
    "relu6",
    "leaky_relu",
    "prelu",
    "rrelu",
    "elu",
    "celu",
    "selu",
    "gelu",
    "silu",
    "mish",
    "hardswish",
)
BOUNDED = ("sigmoid", "tanh", "softsign", "hardtanh", "hardsigmoid", "softplus")
SWAPPED = {kind: name for kind, name in ACTIVATIONS.items() if name in RECTIFIERS + BOUNDED}
OTHER = ("softmax", "log_softmax", "glu", "log_sigmoid")  # choices, and halves of a layer: none that one would swap


@dataclass(frozen=True)
class Places:
    """The places of hidden activations. Outputs, gates and softmaxes are none."""

    modules: tuple[str, ...]  # dotted paths of those that can be swapped
    fixed: tuple[str, ...]  # the others, in words: "relu after conv1", "act has hooks"


def places_of(model: nn.Module, run: Callable[[nn.Module], Tensor]) -> Places:
    """Reads the graph of `run(model)`, a loss. The model may be left changed: give a copy.

    An activation is hidden if a layer follows it, and a gate if it is multiplied with another signal. Parts that the
    graph does not show (compiled, checkpointed) are judged by their modules: rectifiers in them can be swapped.
    """
    names = {id(module): name for name, module in model.named_modules()}
    for parameter in model.parameters():
        if parameter.is_floating_point():
            parameter.requires_grad_(True)  # what follows a frozen layer must be seen as well
    with _tagged(model) as called:
        graph = read_graph(run(model), lambda leaf: isinstance(leaf, nn.Parameter))
    hidden, fixed, other = set(), [], set()
    for operation in graph.operations:
        if operation.role != "activation" or operation.op in OTHER:
            continue
        if _is_gate(graph, operation) or not _feeds_a_layer(graph, operation):
            other.add(id(operation.tag))
        elif operation.tag is None:
            fixed.append(f"{operation.op} after {_feeders(model, graph, operation)}")
        else:
            hidden.add(id(operation.tag))
    for module in called:
        if id(module) not in hidden | other and SWAPPED[type(module)] in RECTIFIERS:
            hidden.add(id(module))
    both = [module for module in called if id(module) in hidden]
    hooked = [names[id(module)] for module in both if has_hooks(module)]
    free = [names[id(module)] for module in both if not has_hooks(module)]
    return Places(
        tuple(dict.fromkeys(free)), tuple(dict.fromkeys([*fixed, *(f"{name}, which has hooks" for name in hooked)]))
    )


def swap(model: nn.Module, modules: tuple[str, ...], make: Callable[[], nn.Module]) -> None:
    """Puts a new activation in each of these places, in `model` itself."""
    for name in modules:
        replace(model, model.get_submodule(name), make())


@contextmanager
def _tagged(model: nn.Module) -> Iterator[list[nn.Module]]:
    """Lets the graph know which module made an activation, and lists those that were called."""
    called: list[nn.Module] = []

    def leave_tag(module: nn.Module, args: Any, output: Any) -> None:
        called.append(module)
        if isinstance(output, Tensor):
            tag(output, module)

    own = [module for module in model.modules() if type(module) in SWAPPED]
    handles = [module.register_forward_hook(leave_tag) for module in own]
    try:
        yield called
    finally:
        for handle in handles:
            handle.remove()


def _is_gate(graph: Graph, operation: Operation) -> bool:
    """Multiplied with another signal, as in squeeze-and-excitation or a cell's gates."""
    roles = [graph.operations[index].role for index in _beyond_shapes(graph, operation)]
    return bool(roles) and all(role == "gate" for role in roles)


def _feeds_a_layer(graph: Graph, operation: Operation) -> bool:
    todo, seen = list(operation.consumers), set()
    while todo:
        index = todo.pop()
        if index in seen:
            continue
        seen.add(index)
        consumer = graph.operations[index]
        if consumer.role in ("weights", "attention") or (consumer.role in ("opaque", "other") and consumer.parameters):
            return True
        todo += consumer.consumers
    return False


def _beyond_shapes(graph: Graph, operation: Operation) -> Iterator[int]:
    todo = list(operation.consumers)
    while todo:
        index = todo.pop()
        if graph.operations[index].role == "shape":
            todo += graph.operations[index].consumers
        else:
            yield index


def _feeders(model: nn.Module, graph: Graph, operation: Operation) -> str:
    """The layers in front, by their parameters' names: one place, however often a recurrent net passes it."""
    owners = {id(parameter): name.rpartition(".")[0] or name for name, parameter in model.named_parameters()}
    found = [owners[id(p)] for feeder in graph.feeders(operation) for p in feeder.parameters if id(p) in owners]
    return " and ".join(dict.fromkeys(found)) or "the input"
