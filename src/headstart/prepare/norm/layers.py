"""Which modules are batch norms that may be replaced, how modules are replaced, and the frozen batch norm."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parameter import is_lazy
from torch.nn.utils import parametrize

from headstart.errors import HeadstartError

THE_MODEL = "(the model)"  # the name of a layer that is the model itself


class FrozenBatchNorm(nn.Module):
    """Batch norm with fixed statistics, γ and β: all buffers, so nothing trains and `train()` changes nothing.

    For inputs of shape (N, C, ...). Its state dict has the keys of `torch.nn.BatchNorm*`.

    Example:
        >>> frozen = hs.norm.FrozenBatchNorm(nn.BatchNorm1d(4))
        >>> list(frozen.parameters())
        []
    """

    weight: Tensor | None
    bias: Tensor | None
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor | None

    def __init__(self, norm: _BatchNorm) -> None:
        super().__init__()
        self.num_features, self.eps = norm.num_features, norm.eps
        self.spatial = isinstance(norm, (nn.BatchNorm2d, nn.BatchNorm3d))  # what `fold` asks of a batch norm's class
        for name in ("weight", "bias", "running_mean", "running_var", "num_batches_tracked"):
            value = getattr(norm, name)
            self.register_buffer(name, None if value is None else value.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, training=False, eps=self.eps
        )

    def extra_repr(self) -> str:
        return f"{self.num_features}, eps={self.eps}"


@dataclass(frozen=True)
class Swap:
    """One module that gave way to another, in every place where it stood."""

    old: nn.Module
    new: nn.Module
    places: tuple[tuple[nn.Module, str], ...]  # (parent, attribute); none where it was the model itself


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Each module once, under its first dotted path."""
    for name, module in model.named_modules():
        yield name or THE_MODEL, module


def batch_norms(model: nn.Module) -> dict[str, _BatchNorm]:
    """All batch norms by dotted path, reused ones once."""
    return {name: module for name, module in named_layers(model) if isinstance(module, _BatchNorm)}


def describe(module: nn.Module) -> str:
    """`BatchNorm2d(64)`, `GroupNorm(32, 64)`, `Conv2d(3, 64)`: the class and its first numbers."""
    names = (
        "num_groups",
        "num_channels",
        "num_features",
        "in_channels",
        "out_channels",
        "in_features",
        "out_features",
    )
    values = [str(getattr(module, name)) for name in names if isinstance(getattr(module, name, None), int)]
    return f"{type(module).__name__}({', '.join(values)})"


def unfit(module: nn.Module, known: tuple[type[nn.Module], ...]) -> str | None:
    """Why this module may not be replaced as if it were one of `known`; None if it may."""
    if parametrize.is_parametrized(module):
        return "it is parametrised"
    if type(module).forward not in {kind.forward for kind in known}:
        return f"{type(module).__name__} has a forward of its own"
    if any(is_lazy(value) for value in (*module.parameters(False), *module.buffers(False))):
        return "its shape is not known yet: run the model on a batch once"
    if has_hooks(module):
        return "it has hooks, which would be lost"
    return None


def has_hooks(module: nn.Module) -> bool:
    """Also true of spectral norm and weight norm of the old kind, which compute the weight in a hook."""
    names = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
    return any(getattr(module, name) for name in names)


def replace(model: nn.Module, old: nn.Module, new: nn.Module) -> Swap:
    """Put `new` wherever `old` stands below `model`."""
    new.train(old.training)
    places = tuple(
        (parent, name) for parent in model.modules() for name, child in parent._modules.items() if child is old
    )
    for parent, name in places:
        parent._modules[name] = new  # setattr would do the same, but not for names such as "0"
    return Swap(old, new, places)


def put_back(swaps: dict[str, Swap]) -> None:
    """Undo swaps, by layer; values that both modules hold are taken over from the newer one."""
    for layer, swap in swaps.items():
        if any(parent._modules.get(name) is not swap.new for parent, name in swap.places):
            raise HeadstartError(
                f"{layer} is no longer the module that this report put there",
                "Undo reports newest first, and each of them once",
            )
    for swap in swaps.values():
        _carry_values(swap.new, swap.old)
        swap.old.train(swap.new.training)
        for parent, name in swap.places:
            parent._modules[name] = swap.old


@torch.no_grad()
def _carry_values(source: nn.Module, target: nn.Module) -> None:
    """Parameters are shared objects already; buffers may have moved to another device or dtype, or trained on."""
    values = {**dict(source.named_buffers(recurse=False)), **dict(source.named_parameters(recurse=False))}
    anchor = next((value for value in values.values() if value.is_floating_point()), None)
    if anchor is not None:
        target.to(device=anchor.device, dtype=anchor.dtype)
    for name, value in target.state_dict(keep_vars=True).items():
        if name in values and values[name] is not value:
            value.copy_(values[name])
