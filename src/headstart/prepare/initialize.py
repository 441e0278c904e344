"""Initialises a model in place, by the plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves

from headstart.errors import HeadstartError
from headstart.prepare.choice import Law, Options
from headstart.prepare.parts import parts
from headstart.prepare.plan import Plan, carry_out, ready
from headstart.prepare.signals import unchanged
from headstart.prepare.survey import Loss


def initialize(
    model: nn.Module,
    batch: Any,
    loss: Loss | None = None,
    *,
    targets: Any = None,
    law: Law = None,
    keep: Sequence[str] = (),
    trained: bool = False,
    frozen: bool = False,
    residual: str = "scale",
    seed: int = 0,
) -> Plan:
    """Draws new weights for `model`, in place, and returns the plan that was carried out.

    batch: what the model takes: a tensor, a tuple of arguments, a dict of keyword arguments, or (inputs, labels).
    loss: `loss(output, targets)`; helps to recognise the output and how its bias answers the labels.
    targets: labels of the batch, better of the whole data set; the output's bias then starts at the class frequencies'
        logarithm, the log odds, or the mean.
    law: None to choose by what stands before each weight; a law's name for all weights ("kaiming_normal", "orthogonal",
        ...), or a dict from name patterns to laws; "lsuv" scales each layer to std 1 on the batch; "mimetic" starts the
        attention of plain vision transformers as if it had been trained.
    keep: patterns ("head.*") of parameters to leave alone.
    trained, frozen: also draw what looks trained, or does not require a gradient; by default neither is touched.
    residual: "scale" divides what ends a branch by √(number of branches), "zero" starts each branch as the identity.

    The same seed gives the same weights on every device, but for what dropout's masks, which are a device's own, change
    where the batch overrules a law. A model on the meta device is materialised on the batch's.
    Raises HeadstartError if the model cannot be run on the batch; the model is then as it was.
    """
    options = Options(law, keep, trained, frozen, residual)
    inner = getattr(model, "_orig_mod", model)
    if any(parameter.is_meta for parameter in inner.parameters()):
        _materialise(inner, batch)
    inputs = ready(inner, batch, targets)
    with _all_or_nothing(inner), unchanged(inner, parameters=False):
        return carry_out(inner, inputs, loss, options, seed)


@contextmanager
def _all_or_nothing(model: nn.Module) -> Iterator[None]:
    """Works on copies of the parameters, and writes them back into the model's own memory only if all went well."""
    kept = [(parameter, parameter.data) for parameter in model.parameters()]
    for parameter, data in kept:
        parameter.data = data.clone()
    try:
        yield
    except BaseException:
        for parameter, data in kept:
            parameter.data = data
        raise
    for parameter, data in kept:
        parameter.data = data.copy_(parameter.data)


def _materialise(model: nn.Module, batch: Any) -> None:
    """Gives memory to what is on the meta device, and each module's own start to what no law covers."""
    device = next((leaf.device for leaf in tree_leaves(batch) if isinstance(leaf, Tensor)), torch.device("cpu"))
    positions = {part.name for part in parts(model) if part.kind == "position"}
    for path, module in model.named_modules():
        own = {**module._parameters, **module._buffers}
        names = [name for name, tensor in own.items() if tensor is not None and tensor.is_meta]
        if not names:
            continue
        reset = getattr(module, "reset_parameters", None) or getattr(module, "_reset_parameters", None)
        unknown = [name for name in names if reset is None and f"{path}.{name}".removeprefix(".") not in positions]
        if unknown:
            raise HeadstartError(
                f"{path}.{unknown[0]} is on the meta device, and {type(module).__name__} has no reset_parameters()",
                "give the module a reset_parameters(), or build the model on a real device",
            )
        module.to_empty(device=device, recurse=False)
        if reset is not None:
            reset()
