"""Who feeds whom in a model: the calls of one forward pass, traced by torch.fx or seen in a run on a batch.

Module order says nothing of this (a convolution may feed two consumers, a norm may stand elsewhere than it is
called), so whatever changes a layer because of its neighbour reads them here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.overrides import TorchFunctionMode

from headstart.errors import HeadstartError
from headstart.prepare.norm.layers import FrozenBatchNorm


@dataclass(frozen=True)
class Call:
    """One call of a leaf module or a function."""

    name: str  # dotted module path, or the function's name; "input" and "output" for the model's own
    module: nn.Module | None
    inputs: tuple[int, ...]  # the calls whose results it reads, by their position in the flow
    ndim: int | None = None  # axes of its result; None where it was traced, not run

    def __str__(self) -> str:
        return self.name if self.module is None else f"{self.name} {type(self.module).__name__}"


@dataclass(frozen=True)
class Flow:
    """The calls in order, and the parameters that were read past their module's own call, by `id`."""

    calls: tuple[Call, ...]
    bare: frozenset[int]

    def readers(self, position: int) -> list[int]:
        """The calls that read this one's result."""
        return [reader for reader, call in enumerate(self.calls) if position in call.inputs]

    def uses(self, module: nn.Module) -> list[int]:
        """The positions where this module is called."""
        return [position for position, call in enumerate(self.calls) if call.module is module]


def trace(model: nn.Module) -> Flow:
    """The flow for any input, by symbolic tracing. Raises HeadstartError where Python control flow forbids it."""
    try:
        nodes = list(_Tracer().trace(model).nodes)
    except Exception as error:  # tracing runs the user's forward on proxies: whatever it then raises means "cannot"
        raise HeadstartError(
            f"torch.fx cannot trace {type(model).__name__}: {error}",
            "Pass a batch as well, and one forward pass on it is watched instead",
        ) from error
    position = {node: i for i, node in enumerate(nodes)}
    modules = dict(model.named_modules())
    bare = {id(_attribute(model, str(node.target))) for node in nodes if node.op == "get_attr"}
    calls = [_traced_call(node, position, modules) for node in nodes]
    return Flow(tuple(calls), frozenset(bare))


def watch_flow(model: nn.Module, batch: Any) -> Flow:
    """The flow of one forward pass in evaluation mode on `batch` (see `feed`), and nothing of the model is changed."""
    seen = _Seen()
    with evaluating(model), torch.no_grad(), _leaves_watched(model, seen), seen:
        result = feed(model, batch)
    seen.add("output", None, result, ())
    return Flow(tuple(seen.calls), frozenset(seen.bare))


def feed(model: nn.Module, batch: Any) -> Any:
    """`model(batch)` on the model's device: of a tuple or list the first element, of a mapping all by keyword."""
    first = next(chain(model.parameters(), model.buffers()), None)
    device = None if first is None else first.device
    if isinstance(batch, Mapping):
        return model(**{name: _moved(value, device) for name, value in batch.items()})
    if isinstance(batch, (tuple, list)) and batch:
        batch = batch[0]
    return model(_moved(batch, device))


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode; each module gets its own flag back."""
    flags = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in flags:
            module.training = training


def tensors(value: Any) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists and mappings."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from tensors(item)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from tensors(item)


class _Tracer(fx.Tracer):
    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, FrozenBatchNorm) or super().is_leaf_module(m, module_qualified_name)


def _traced_call(node: fx.Node, position: dict[fx.Node, int], modules: dict[str, nn.Module]) -> Call:
    module = modules[str(node.target)] if node.op == "call_module" else None
    name = {"placeholder": "input", "output": "output"}.get(node.op) or _name(node.target)
    return Call(name, module, tuple(position[source] for source in node.all_input_nodes))


def _attribute(model: nn.Module, path: str) -> Any:
    value: Any = model
    for name in path.split("."):
        value = getattr(value, name)
    return value


class _Seen(TorchFunctionMode):
    """Notes every torch function outside leaf modules, and which earlier results it reads."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Call] = []
        self.bare: set[int] = set()
        self.inside = 0  # how many leaf modules are running
        self._made_by: dict[int, int] = {}  # id of a tensor to the position of the call that made it
        self._alive: list[Tensor] = []  # or the id of a freed tensor would be given to another

    def __torch_function__(self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None) -> Any:
        reads = (args, kwargs or {})
        result = func(*args, **(kwargs or {}))
        if not self.inside and not _asks_only(func, result):
            self.bare.update(id(value) for value in tensors(reads) if isinstance(value, nn.Parameter))
            self.add(_name(func), None, reads, result)
        return result

    def add(self, name: str, module: nn.Module | None, reads: Any, result: Any) -> None:
        """A call that read the tensors in `reads` and made those in `result`."""
        sources = [self._source(x) for x in tensors(reads) if not isinstance(x, nn.Parameter)]
        made = list(tensors(result))
        self.calls.append(Call(name, module, tuple(dict.fromkeys(sources)), made[0].ndim if made else None))
        for x in made:
            self._made_by[id(x)] = len(self.calls) - 1
        self._alive += made

    def _source(self, x: Tensor) -> int:
        if id(x) not in self._made_by:
            self.calls.append(Call("input", None, (), x.ndim))
            self._made_by[id(x)] = len(self.calls) - 1
            self._alive.append(x)
        return self._made_by[id(x)]


@contextmanager
def _leaves_watched(model: nn.Module, seen: _Seen) -> Iterator[None]:
    """Each torch.nn module without children counts as one call, whatever functions it calls itself."""

    def enter(module: nn.Module, args: Any, kwargs: Any) -> None:
        seen.inside += 1

    def leave(name: str) -> Callable[..., None]:
        def note(module: nn.Module, args: Any, kwargs: Any, result: Any) -> None:
            seen.inside -= 1
            seen.add(name, module, (args, kwargs), result)

        return note

    hooks = []
    for name, module in model.named_modules():
        if _is_leaf(module):
            hooks.append(module.register_forward_pre_hook(enter, with_kwargs=True))
            hooks.append(module.register_forward_hook(leave(name), with_kwargs=True))
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _is_leaf(module: nn.Module) -> bool:
    of_torch = type(module).__module__.startswith("torch.nn.modules.")
    return isinstance(module, FrozenBatchNorm) or (of_torch and not list(module.children()))


def _asks_only(func: Callable[..., Any], result: Any) -> bool:
    """Shapes, dtypes and flags: the values of the tensor are not read."""
    asking = {
        "__get__",
        "size",
        "dim",
        "numel",
        "stride",
        "__len__",
        "is_contiguous",
        "is_floating_point",
        "get_device",
    }
    return getattr(func, "__name__", "") in asking and not isinstance(result, Tensor)


def _name(target: Any) -> str:
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def _moved(value: Any, device: torch.device | None) -> Any:
    elsewhere = isinstance(value, Tensor) and device is not None and value.device != device
    return value.to(device) if elsewhere else value
