"""One forward pass that shows where each weight stands, and the errors that a model or a batch can give."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves, tree_map

from headstart.errors import HeadstartError
from headstart.monitor.graph import read_graph, tag
from headstart.prepare.parts import Part, parts, weights_of
from headstart.prepare.places import Places
from headstart.prepare.signals import Signals, Use

Loss = Callable[..., Tensor]


@dataclass(frozen=True)
class Inputs:
    """What `model(...)` takes, and the labels if the batch holds them."""

    args: tuple[Any, ...]
    kwargs: Mapping[str, Any]
    targets: Any = None

    def run(self, model: nn.Module) -> Any:
        """`model` on the batch; HeadstartError with the model's own words if it fails."""
        try:
            return model(*self.args, **self.kwargs)
        except Exception as error:  # the model is the user's own: anything may come out of it
            given = ", ".join(_shape(each) for each in tree_leaves((self.args, dict(self.kwargs))))
            raise HeadstartError(
                f"{type(model).__name__} cannot be run on the batch ({given}): {type(error).__name__}: {error}",
                "pass as `batch` what the model takes: a tensor, a tuple of arguments or a dict of keyword arguments, "
                "on the model's device, with 2 samples or more",
            ) from error


@dataclass(frozen=True)
class Survey:
    parts: tuple[Part, ...]
    places: Places
    uses: Mapping[int, Use]  # by the id of the parameter
    losses: tuple[str, ...]  # operators of the losses that the graph holds
    outputs: tuple[Tensor, ...]


def survey(model: nn.Module, inputs: Inputs, loss: Loss | None) -> Survey:
    """Runs `model` once, in training mode, with gradients enabled."""
    model.train()
    found = parts(model)
    watched = Signals(model, list(weights_of(found)))
    with torch.enable_grad(), all_differentiable(model), _activations_tagged(model), watched:
        output = inputs.run(model)
        root, outputs = root_of(output, loss, inputs.targets)
    graph = read_graph(root, _is_parameter(model))
    losses = tuple(operation.op for operation in graph.losses())
    return Survey(tuple(found), Places(graph), watched.uses, losses, outputs)


def read_batch(model: nn.Module, batch: Any, targets: Any = None) -> Inputs:
    """Splits a batch into the model's arguments and, where it holds more than the model needs, the labels."""
    if isinstance(batch, Mapping):
        return Inputs((), batch, targets)
    if not isinstance(batch, (tuple, list)):
        return Inputs((batch,), {}, targets)
    if len(batch) == 2 and not _takes_two(model):
        return Inputs((batch[0],), {}, batch[1] if targets is None else targets)
    return Inputs(tuple(batch), {}, targets)


def to_device(inputs: Inputs, device: torch.device) -> Inputs:
    def moved(value: Any) -> Any:
        return value.to(device) if isinstance(value, Tensor) else value

    return Inputs(tree_map(moved, inputs.args), tree_map(moved, dict(inputs.kwargs)), tree_map(moved, inputs.targets))


def _takes_two(model: nn.Module) -> bool:
    """Whether `forward` requires a second argument; labels are not one."""
    try:
        parameters = inspect.signature(model.forward).parameters.values()
    except (TypeError, ValueError):
        return False
    needed = [
        each for each in parameters if each.default is each.empty and each.kind in (each.POSITIONAL_OR_KEYWORD, 0)
    ]
    return len(needed) > 1


def root_of(output: Any, loss: Loss | None, targets: Any) -> tuple[Tensor, tuple[Tensor, ...]]:
    """A scalar with the whole graph below it, and the output's tensors."""
    outputs = tuple(leaf for leaf in tree_leaves(output) if isinstance(leaf, Tensor) and leaf.requires_grad)
    if not outputs:
        raise HeadstartError(
            f"no output of the model depends on a trainable parameter (it gave {type(output).__name__})",
            "pass a model with parameters that require gradients, which returns tensors, not under torch.no_grad()",
        )
    if loss is None:
        return torch.stack([leaf.sum().real.float() for leaf in outputs]).sum(), outputs
    try:
        value = loss(output) if targets is None else loss(output, targets)
    except Exception as error:  # the loss is the user's own
        raise HeadstartError(
            f"the loss fails on the model's output: {type(error).__name__}: {error}",
            "pass a loss that takes (output, targets), and the targets in the batch or as `targets=`",
        ) from error
    if not isinstance(value, Tensor) or not value.requires_grad:
        raise HeadstartError(f"the loss gave {_shape(value)} without a gradient", "return the loss as a tensor")
    return value.sum(), outputs


@contextmanager
def all_differentiable(model: nn.Module) -> Iterator[None]:
    """Frozen layers take part in the graph, too: what follows them must be known."""
    frozen = [each for each in model.parameters() if not each.requires_grad and each.is_floating_point()]
    for parameter in frozen:
        parameter.requires_grad_(True)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)


@contextmanager
def _activations_tagged(model: nn.Module) -> Iterator[None]:
    """Lets the graph know which module made an activation, for its slope, threshold or form."""
    handles = [
        module.register_forward_hook(_leave_tag)
        for module in model.modules()
        if type(module).__module__ == "torch.nn.modules.activation" and not isinstance(module, nn.MultiheadAttention)
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _leave_tag(module: nn.Module, args: Any, output: Any) -> None:
    if isinstance(output, Tensor):
        tag(output, module)


def _is_parameter(model: nn.Module) -> Callable[[Tensor], bool]:
    known = {id(parameter) for parameter in model.parameters()}
    return lambda leaf: id(leaf) in known


def _shape(value: Any) -> str:
    return f"{value.dtype} {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
