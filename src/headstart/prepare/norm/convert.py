"""Batch norm turned into a norm that does not depend on the batch, is shared by ranks, or stands still."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from headstart.errors import HeadstartError
from headstart.prepare.norm.layers import (
    FrozenBatchNorm,
    Swap,
    batch_norms,
    describe,
    put_back,
    replace,
    unfit,
)
from headstart.prepare.norm.report import Change, Kept, Report

Kind = Literal["group", "layer", "instance", "sync", "frozen"]
Groups = int | Literal["auto"]
MOST_GROUPS = 32  # Wu & He 2018 (arXiv 1803.08494): the default G
CHANNELS_A_GROUP = 16  # the same paper's other setting; for BatchNorm1d, whose inputs may have no other axis


def convert(model: nn.Module, to: Kind, *, groups: Groups = "auto") -> Report:
    """Replace every batch norm of `model`, in place; a module that is used in several places is replaced once.

    γ, β (the same `Parameter` objects, so optimizers keep them), ε, device, dtype, training flag and the shapes that
    the layer takes stay.

    - `"group"`: `GroupNorm`; `groups="auto"` is gcd(32, C), halved for `BatchNorm1d` until a group has 16 channels or
      is the only one: (N, C) inputs have no other axis, and groups of one channel would be turned into zeros there.
    - `"layer"`: one group, that is, layer norm over (C, ...) with γ and β per channel, whatever the spatial size.
      (`nn.LayerNorm` wants that size, and has γ and β per value.)
    - `"instance"`: `InstanceNorm1d/2d/3d` without running statistics.
    - `"sync"`: `SyncBatchNorm`, running statistics and their momentum kept.
    - `"frozen"`: `FrozenBatchNorm`; statistics, γ and β become buffers. What `model.eval()` computes stays the same.

    Only a frozen or a synchronised net computes what it computed; after the others train it further. `Report.model`
    is another object than `model` only where the model itself was a batch norm. `Report.undo` puts the batch norms
    back, with γ and β as they are by then; running statistics are those from before.

    Raises HeadstartError for an unknown kind and for `groups` that do not divide a layer's channels (nothing is
    changed then).

    Example:
        >>> print(hs.norm.convert(cnn, "group"))
        converted batch norm to group norm · 1 changed, 0 kept
          layer  before          after
          1      BatchNorm2d(8)  GroupNorm(4, 8)
    """
    if to not in get_args(Kind):
        raise HeadstartError(f"to is {to!r}", f"Choose one of {', '.join(get_args(Kind))}")
    norms = batch_norms(model)
    reasons = {name: _why_not(norm, to) for name, norm in norms.items()}
    new = {name: _BUILD[to](norm, groups, name) for name, norm in norms.items() if reasons[name] is None}
    swaps = {name: replace(model, norms[name], module) for name, module in new.items()}
    changed = tuple(Change(name, describe(swap.old), describe(swap.new)) for name, swap in swaps.items())
    kept = tuple(Kept(name, describe(norms[name]), reason) for name, reason in reasons.items() if reason)
    result = next((swap.new for swap in swaps.values() if swap.old is model), model)
    return Report(f"converted batch norm to {to} norm", result, changed, kept, back=_way_back(model, swaps))


def _why_not(norm: _BatchNorm, to: Kind) -> str | None:
    if to == "sync" and isinstance(norm, nn.SyncBatchNorm):
        return "it is synchronised already"
    if to == "frozen" and norm.running_mean is None:
        return "it keeps no running statistics that could be frozen"
    if to == "instance" and isinstance(norm, nn.SyncBatchNorm):
        return 'it does not say how many axes its inputs have; "group" with groups=C is the same'
    return unfit(norm, (nn.BatchNorm1d, nn.SyncBatchNorm))


def _way_back(model: nn.Module, swaps: dict[str, Swap]) -> Callable[[], nn.Module]:
    def back() -> nn.Module:
        put_back(swaps)
        return model

    return back


def _group(norm: _BatchNorm, groups: Groups, name: str) -> nn.Module:
    channels = norm.num_features
    number = _auto_groups(norm) if groups == "auto" else groups
    if number < 1 or channels % number:
        fits = ", ".join(str(g) for g in range(1, channels + 1) if channels % g == 0)
        raise HeadstartError(
            f"groups is {number}, which does not divide the {channels} channels of {name}",
            f'Choose one of {fits}, or groups="auto"',
        )
    return _adopt(nn.GroupNorm(number, channels, norm.eps, norm.affine, device="meta"), norm)


def _auto_groups(norm: _BatchNorm) -> int:
    groups = math.gcd(MOST_GROUPS, norm.num_features)
    least = CHANNELS_A_GROUP if isinstance(norm, nn.BatchNorm1d) else 2
    while groups > 1 and norm.num_features // groups < least:
        groups //= 2
    return groups


def _layer(norm: _BatchNorm, groups: Groups, name: str) -> nn.Module:
    return _group(norm, 1, name)


def _instance(norm: _BatchNorm, groups: Groups, name: str) -> nn.Module:
    kinds = {nn.BatchNorm1d: _InstanceNorm1d, nn.BatchNorm2d: nn.InstanceNorm2d, nn.BatchNorm3d: nn.InstanceNorm3d}
    kind = next(new for old, new in kinds.items() if isinstance(norm, old))
    return _adopt(kind(norm.num_features, norm.eps, affine=norm.affine, device="meta"), norm)


class _InstanceNorm1d(nn.InstanceNorm1d):
    """Takes (N, C, L) only: torch's would read the (N, C) inputs that BatchNorm1d takes as one sample, (C, L)."""

    def _check_input_dim(self, input: Tensor) -> None:
        if input.ndim != 3:
            raise HeadstartError(
                f"instance norm got inputs of shape {tuple(input.shape)}, which hold one value per sample and channel",
                'Convert with to="layer" or to="group" where batch norm stood behind a linear layer',
            )


def _sync(norm: _BatchNorm, groups: Groups, name: str) -> nn.Module:
    new = nn.SyncBatchNorm(
        norm.num_features, norm.eps, norm.momentum, norm.affine, norm.running_mean is not None, device="meta"
    )
    return _adopt(new, norm)


def _frozen(norm: _BatchNorm, groups: Groups, name: str) -> nn.Module:
    return FrozenBatchNorm(norm)


def _adopt(new: nn.Module, old: nn.Module) -> nn.Module:
    """Give `new`, built on meta, the very parameters and buffers of `old` that it has a place for."""
    new._parameters.update(
        {name: old._parameters[name] for name, value in new._parameters.items() if value is not None}
    )
    new._buffers.update({name: old._buffers[name] for name, value in new._buffers.items() if value is not None})
    return new


_BUILD: dict[Kind, Callable[[_BatchNorm, Groups, str], nn.Module]] = {
    "group": _group,
    "layer": _layer,
    "instance": _instance,
    "sync": _sync,
    "frozen": _frozen,
}
