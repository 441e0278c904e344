"""What each parameter of a model is: a weight, a bias, a norm's scale, an embedding, a gate's matrix."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from torch import Tensor, nn
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.conv import _ConvNd

Kind = Literal["weight", "bias", "norm scale", "norm shift", "embedding", "position", "rnn", "scale", "other"]

STACKED = re.compile(r"qkv|in_proj|c_attn|to_kv|\bkv\b|query_key_value")
POSITION = re.compile(r"pos_?emb|position")
TOKEN = re.compile(r"(cls|class|dist|reg|mask)_?token")


@dataclass(frozen=True)
class Part:
    name: str  # of the parameter, its first one if it is tied
    parameter: Tensor
    module: nn.Module  # that owns it
    kind: Kind
    stacked: int = 1  # matrices in it: 3 for a fused qkv, 4 for an LSTM's gates
    heads: int | None = None  # of the attention that it belongs to


def parts(model: nn.Module) -> list[Part]:
    """Each parameter of `model` once, in the order of `model.named_parameters()`; a tied one under its first name."""
    modules = dict(model.named_modules())
    return [_part(name, parameter, modules) for name, parameter in model.named_parameters()]


def _part(name: str, parameter: Tensor, modules: Mapping[str, nn.Module]) -> Part:
    """A parametrised weight, "parametrizations.weight.original0", goes by the name of the tensor that it makes."""
    path, _, own_name = name.rpartition(".")
    if match := re.fullmatch(r"(?:(.*)\.)?parametrizations\.(\w+)\.original(\d*)", name):
        path, own_name = match[1] or "", match[2]
        if match[3] == "0":  # of weight norm: the lengths, which follow from the weight
            return Part(name, parameter, modules[path], "scale")
        name = f"{path}.{own_name}".removeprefix(".")
    module = modules[path]
    kind = _kind(name, parameter, module, own_name)
    return Part(name, parameter, module, kind, _stacked(name, parameter, module, kind), _heads(path, modules))


def _heads(path: str, modules: Mapping[str, nn.Module]) -> int | None:
    for near in (path, path.rpartition(".")[0]):
        heads = getattr(modules[near], "num_heads", None)
        if isinstance(heads, int):
            return heads
    return None


def _kind(name: str, parameter: Tensor, module: nn.Module, own_name: str) -> Kind:
    flat = math.prod(parameter.shape) == max(parameter.shape, default=1)
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return "rnn"
    if isinstance(module, (nn.Embedding, nn.EmbeddingBag)):
        return "position" if POSITION.search(name) else "embedding"
    if is_norm(module):
        return "norm shift" if "bias" in own_name else "norm scale"
    if own_name.endswith("bias") and parameter.ndim == 1:
        return "bias"
    if own_name.endswith("_g") and flat:  # torch.nn.utils.weight_norm's lengths
        return "scale"
    if POSITION.search(own_name):
        return "position"
    if TOKEN.search(own_name):
        return "embedding"
    if isinstance(module, (nn.Linear, _ConvNd, nn.MultiheadAttention)) and parameter.ndim > 1 and "weight" in own_name:
        return "weight"
    return "scale" if flat else "other"


def is_norm(module: nn.Module) -> bool:
    known = (_NormBase, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm)
    return isinstance(module, known) or bool(re.search(r"Norm(Act)?(\d?d)?$", type(module).__name__))


def _stacked(name: str, parameter: Tensor, module: nn.Module, kind: Kind) -> int:
    """How many square-ish matrices are stacked in the rows of a fused weight."""
    if isinstance(module, (nn.RNNBase, nn.RNNCellBase)):
        return {"LSTM": 4, "LSTMCell": 4, "GRU": 3, "GRUCell": 3}.get(_rnn_type(module), 1)
    if (
        kind == "weight"
        and parameter.ndim == 2
        and STACKED.search(name)
        and parameter.shape[0] % parameter.shape[1] == 0
    ):
        return max(1, parameter.shape[0] // parameter.shape[1])
    if isinstance(module, nn.MultiheadAttention) and name.endswith("in_proj_weight"):
        return 3
    return 1


def _rnn_type(module: nn.Module) -> str:
    return next(base.__name__ for base in type(module).__mro__ if base.__module__ == "torch.nn.modules.rnn")


def weights_of(found: list[Part]) -> Iterator[Tensor]:
    """What may be a factor of a product; whether it is one, the forward pass shows."""
    return (part.parameter for part in found if part.parameter.ndim > 1)
