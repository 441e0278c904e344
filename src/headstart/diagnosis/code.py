"""The code of remedies, for this very model: its layers as the user reaches them, and the law that suits each."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from headstart.findings import Remedy
from headstart.record import Layer, Optimizer

MOST = 3  # layers that get a line each; more are told as a loop
_TAUGHT_TO_INIT = {"relu": "relu", "leaky_relu": "leaky_relu"}  # what kaiming_normal_ has a gain for


def path(name: str, root: str = "model") -> str:
    """How the code reaches a layer: "net.0.conv" -> "model.net[0].conv".

    "linear~2.bias" -> "linear_2.bias": the second of the name belongs to no model, so that a variable stands for it.
    """
    if "~" in name:
        name, root = name.replace("~", "_"), ""
    parts = (f"[{part}]" if part.isdigit() else f".{part}" for part in name.split("."))
    return (root + "".join(parts)).removeprefix(".")


def is_reached(name: str) -> bool:
    """Whether code can name the tensor: not if headstart had to number it, as the user's code has no name for it."""
    return "~" not in name and not re.fullmatch(r"tensor\d*", name)


def optimizer(known: Optimizer, **changed: str) -> str:
    """The same optimizer of all parameters, at the same rate, and with what is `changed`."""
    rate = known.options.get("lr")
    options = {"lr": f"{rate:g}", **changed} if isinstance(rate, float) else changed
    return f"torch.optim.{known.kind}({', '.join(['model.parameters()', *(f'{k}={v}' for k, v in options.items())])})"


def weight(layer: Layer) -> str:
    """How the code reaches its weight; a raw tensor is its own weight."""
    own = next((name for name in layer.parameters if name == layer.name), None)
    return own or f"{path(layer.name)}.{layer.factor or 'weight'}"


def init(layer: Layer) -> str:
    """A line that draws its weight by the law for the activation that follows.

    Source: He et al. 2015, eq. 10 for ReLU and its kin, Glorot & Bengio 2010, eq. 12 for the rest.
    """
    own = layer.name in layer.parameters or layer.factor is not None
    if own and layer.fan_in:  # its layout is the user's own: say the number
        gain = 2.0 if layer.activation in _TAUGHT_TO_INIT else 1.0
        return f"torch.nn.init.normal_({weight(layer)}, std={math.sqrt(gain / layer.fan_in):.3g})"
    if not any(
        name.rpartition(".")[2] == "weight" for name in layer.parameters
    ):  # recurrent, attention, lists of weights
        law = "torch.nn.init.xavier_normal_(weight)"
        return f"for weight in {path(layer.name)}.parameters():\n    if weight.ndim > 1:\n        {law}"
    if layer.activation in _TAUGHT_TO_INIT:
        kind = _TAUGHT_TO_INIT[layer.activation]
        return f'torch.nn.init.kaiming_normal_({weight(layer)}, nonlinearity="{kind}")'
    return f"torch.nn.init.xavier_normal_({weight(layer)})"


def init_all(layers: Sequence[Layer]) -> str:
    """The lines for a few layers, or the loop for many."""
    if len(layers) <= MOST:
        return "\n".join(init(layer) for layer in layers)
    if all(layer.name in layer.parameters for layer in layers):
        return _init_raw(layers)
    if any(layer.factor for layer in layers):
        return _init_own(layers)
    kinds = _kinds({f"torch.nn.{layer.kind}" for layer in layers if layer.name not in layer.parameters})
    relu = any(layer.activation in _TAUGHT_TO_INIT for layer in layers)
    law = 'kaiming_normal_(module.weight, nonlinearity="relu")' if relu else "xavier_normal_(module.weight)"
    return f"for module in model.modules():\n    if isinstance(module, {kinds}):\n        torch.nn.init.{law}"


def clear_first(note: str) -> str:
    """The order of a training step."""
    return f"optimizer.zero_grad()     # {note}\nloss.backward()\noptimizer.step()"


def take_step(note: str) -> str:
    """The order of a training step, with a note on its last line."""
    return f"optimizer.zero_grad()\nloss.backward()\noptimizer.step()     # {note}"


def rate_of(optimizers: Sequence[Optimizer]) -> tuple[Optimizer, float] | None:
    """The first optimizer and its learning rate; None where there is none, or its rate is no plain number."""
    optimizer = next(iter(optimizers), None)
    rate = optimizer.options.get("lr") if optimizer else None
    return (optimizer, rate) if optimizer is not None and isinstance(rate, float) else None


def slower(optimizer: Optimizer, rate: float, note: str) -> Remedy:
    """The optimizer at a tenth of its rate."""
    return Remedy("slower", f"torch.optim.{optimizer.kind}(model.parameters(), lr={rate / 10:g})     # {note}")


def _kinds(names: set[str]) -> str:
    first, *others = sorted(names)
    return f"({', '.join([first, *others])})" if others else first


def _init_raw(layers: Sequence[Layer]) -> str:
    """Raw tensors are laid out as their owner likes: the side that counts the inputs is found by its length."""
    names = ", ".join(layer.name for layer in layers)
    return f"for w in ({names}):\n    {_normal('w', layers)}"


def _init_own(layers: Sequence[Layer]) -> str:
    """So are the weights of the user's own modules; one by one where they do not agree."""
    factor = layers[0].factor
    if any(layer.factor != factor or len(layer.shape) != 2 for layer in layers):
        return "\n".join(init(layer) for layer in layers)
    kinds = _kinds({layer.kind for layer in layers})
    law = _normal(f"module.{factor}", layers)
    return f"for module in model.modules():\n    if isinstance(module, {kinds}):\n        {law}"


def _normal(weight: str, layers: Sequence[Layer]) -> str:
    gain = 2 if any(layer.activation in _TAUGHT_TO_INIT for layer in layers) else 1
    side = 0 if all(layer.shape[0] == layer.fan_in for layer in layers) else 1
    return f"torch.nn.init.normal_({weight}, std=({gain} / {weight}.shape[{side}]) ** 0.5)"
