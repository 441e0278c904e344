"""Batch norm folded into the convolution or linear layer before it: one layer less, the same function."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.errors import HeadstartError
from headstart.prepare.norm.flow import Flow, evaluating, feed, tensors, trace, watch_flow
from headstart.prepare.norm.layers import FrozenBatchNorm, Swap, describe, named_layers, put_back, replace, unfit
from headstart.prepare.norm.report import Change, Kept, Report

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)
WEIGHTED = (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)
NORMS = (nn.BatchNorm1d, nn.SyncBatchNorm, FrozenBatchNorm)  # 1d, 2d and 3d share their forward


def fold(model: nn.Module, batch: Any = None) -> Report:
    """Fold each batch norm that reads a linear, convolution or transposed convolution layer into that layer, in place.

    W ← W · γ/√(σ² + ε) per output channel, b ← (b - μ) · γ/√(σ² + ε) + β, computed in float64; the norm becomes an
    `nn.Identity`. The model must be in evaluation mode, and computes what it computed then.

    Pairs are found in the data flow, not in the order of modules: by `torch.fx`, or, where `batch` is given, by
    watching one forward pass on it (`batch`: a tensor, a tuple whose first element is the input, or a mapping of
    keywords). A layer whose output goes anywhere else, that is used twice, or shares its weight is kept. A
    `BatchNorm1d` is folded only with a batch, for its channels are the layer's on (N, C) inputs to a linear layer and
    not on (N, L, C) ones. With a batch the outputs are compared as well. `Report.undo` restores the weights exactly.

    Raises HeadstartError where the model is training, cannot be traced and no batch is given, or computes something
    else after folding (which is undone then).

    Example:
        >>> print(hs.norm.fold(cnn.eval()))
        folded batch norm · 1 changed, 0 kept
          layer  before          after
          1      BatchNorm2d(8)  Identity  folded into 0
    """
    _refuse_training(model)
    flow = trace(model) if batch is None else watch_flow(model, batch)
    wanted = _outputs(model, batch)
    norms = {name: layer for name, layer in named_layers(model) if isinstance(layer, (_BatchNorm, FrozenBatchNorm))}
    changed, kept, folded = [], [], {}
    for name, norm in norms.items():
        found = _find_pair(model, flow, norm)
        if isinstance(found, str):
            kept.append(Kept(name, describe(norm), found))
        else:
            changed.append(Change(name, describe(norm), "Identity", f"folded into {_path(model, found)}"))
            folded[name] = _fold_one(model, found, norm)
    report = Report("folded batch norm", model, tuple(changed), tuple(kept), back=_way_back(model, folded))
    _compare(wanted, _outputs(model, batch), report)
    return report


def _refuse_training(model: nn.Module) -> None:
    training = [name for name, layer in named_layers(model) if isinstance(layer, _BatchNorm) and layer.training]
    if training:
        raise HeadstartError(
            f"{training[0]} is in training mode, where batch norm uses the statistics of the batch",
            "Call model.eval() first; a folded model is for inference",
        )


def _find_pair(model: nn.Module, flow: Flow, norm: nn.Module) -> nn.Module | str:
    """The layer that this norm can be folded into, or why there is none."""
    uses = flow.uses(norm)
    if len(uses) != 1:
        return "it is not called" if not uses else f"it is called {len(uses)} times"
    if (reason := unfit(norm, NORMS)) or norm.running_mean is None:
        return reason or "it keeps no running statistics"
    sources = flow.calls[uses[0]].inputs
    source = flow.calls[sources[0]] if sources else None
    if source is None or not isinstance(source.module, WEIGHTED):
        return f"it reads {source or 'nothing'}, not a linear or convolution layer"
    return _why_not(model, flow, source.module, sources[0], norm) or source.module


def _why_not(model: nn.Module, flow: Flow, layer: nn.Module, position: int, norm: nn.Module) -> str | None:
    name = _path(model, layer)
    if len(flow.readers(position)) > 1:
        return f"{name} feeds other layers as well"
    if len(flow.uses(layer)) > 1:
        return f"{name} is called {len(flow.uses(layer))} times"
    if reason := unfit(layer, WEIGHTED):
        return f"{name}: {reason}"
    if id(layer.weight) in flow.bare or _owners(model, layer.weight) > 1 or _owners(model, layer.bias) > 1:
        return f"{name} shares its parameters"
    return _wrong_axis(layer, norm, flow.calls[position].ndim)


def _wrong_axis(layer: nn.Module, norm: nn.Module, ndim: int | None) -> str | None:
    """Batch norm's channels are axis 1; a linear layer's are the last, an unbatched convolution's axis 0."""
    spatial = isinstance(norm, (nn.BatchNorm2d, nn.BatchNorm3d)) or getattr(norm, "spatial", False)
    if spatial and not isinstance(layer, nn.Linear):
        return None  # these norms take batches only
    expected = 2 if isinstance(layer, nn.Linear) else layer.weight.ndim
    if ndim is None:
        return "its channels need not be those of the layer before: pass a batch, which shows the shape"
    return None if ndim == expected else f"on {ndim} axes its channels are not those of the layer before"


def _owners(model: nn.Module, parameter: Any) -> int:
    if parameter is None:
        return 0
    return sum(own is parameter for module in model.modules() for own in module.parameters(recurse=False))


def _path(model: nn.Module, module: nn.Module) -> str:
    return next(name for name, layer in named_layers(model) if layer is module)


@dataclass(frozen=True)
class _Folded:
    """What is needed to take one fold back."""

    layer: Any
    weight: Tensor
    bias: Tensor | None
    swap: Swap


@torch.no_grad()
def _fold_one(model: nn.Module, layer: Any, norm: Any) -> _Folded:
    before = layer.weight.detach().clone(), None if layer.bias is None else layer.bias.detach().clone()
    scale = (norm.running_var.double() + norm.eps).rsqrt()
    if norm.weight is not None:
        scale = norm.weight.double() * scale
    bias = -norm.running_mean.double() if layer.bias is None else layer.bias.double() - norm.running_mean.double()
    bias = bias * scale + (0 if norm.bias is None else norm.bias.double())
    layer.weight.copy_(layer.weight.double() * _by_output(layer, scale))
    if layer.bias is None:
        layer.bias = nn.Parameter(bias.to(layer.weight.dtype), requires_grad=layer.weight.requires_grad)
    else:
        layer.bias.copy_(bias)
    return _Folded(layer, *before, replace(model, norm, nn.Identity()))


def _by_output(layer: Any, scale: Tensor) -> Tensor:
    """`scale`, (C_out,), shaped to multiply the weight of `layer`."""
    if not isinstance(layer, TRANSPOSED):
        return scale.reshape(-1, *[1] * (layer.weight.ndim - 1))
    # transposed: (C_in, C_out / groups, ...), where block g of the inputs makes block g of the outputs
    inputs = layer.in_channels // layer.groups
    blocks = scale.reshape(layer.groups, 1, -1).expand(-1, inputs, -1).reshape(layer.in_channels, -1)
    return blocks.reshape(*blocks.shape, *[1] * (layer.weight.ndim - 2))


def _way_back(model: nn.Module, folded: dict[str, _Folded]) -> Callable[[], nn.Module]:
    @torch.no_grad()
    def back() -> nn.Module:
        put_back({name: one.swap for name, one in folded.items()})
        for one in folded.values():
            one.layer.weight.copy_(one.weight)
            if one.bias is None:
                one.layer.bias = None
            else:
                one.layer.bias.copy_(one.bias)
        return model

    return back


def _outputs(model: nn.Module, batch: Any) -> list[Tensor]:
    if batch is None:
        return []
    with evaluating(model), torch.no_grad():
        return [x.clone() for x in tensors(feed(model, batch)) if x.is_floating_point()]


def _compare(wanted: list[Tensor], got: list[Tensor], report: Report) -> None:
    for before, after in zip(wanted, got, strict=True):
        gap = float(((before - after).abs().amax() / before.abs().amax()).nan_to_num()) if before.numel() else 0.0
        if gap > torch.finfo(before.dtype).eps ** 0.5:  # far above rounding, far below any mistaken pair
            report.undo()
            raise HeadstartError(
                f"the folded model's outputs differ by {gap:.2g} of the largest",
                "Nothing was folded; a layer must be read where torch does not show it (a custom autograd function?)",
            )
