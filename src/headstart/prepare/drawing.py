"""Carries a choice out: draws a parameter's values and writes them into the model.

Each parameter draws from a generator of its own, seeded by the seed and its name: adding a layer changes no other, and
neither device, dtype nor the order of layers matters.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

import torch
from torch import Generator, Tensor
from torch.nn.utils import parametrize

from headstart.prepare.choice import Choice
from headstart.prepare.laws import draw, draw_mimetic, normal, orthogonal, trunc_normal
from headstart.prepare.parts import Part


def fill(part: Part, choice: Choice, seed: int) -> None:
    """Writes what `choice` says into the parameter, in place."""
    values = _values(part, choice, generator_of(part.name, seed))
    if values is not None:
        write(part, values)


def write(part: Part, values: Tensor) -> None:
    """Through the parametrisation, if the parameter has one: weight norm then keeps length and direction right."""
    parameter, own_name = part.parameter, part.name.rpartition(".")[2]
    with torch.no_grad():
        values = values.reshape(part.parameter.shape).to(parameter.device, parameter.dtype)
        if parametrize.is_parametrized(part.module, own_name):
            setattr(part.module, own_name, values)
            return
        parameter.copy_(values)
        if own_name.endswith("_v") and (length := getattr(part.module, f"{own_name[:-1]}g", None)) is not None:
            length.copy_(torch.norm_except_dim(values, 2, 0))  # torch.nn.utils.weight_norm, the older one


def fill_mimetic(parts: Sequence[Part], seed: int) -> frozenset[str]:
    """Draws qkv and projection of each plain self-attention layer together; the names of what was drawn."""
    weights = {part.name: part for part in parts if part.kind == "weight"}
    done: set[str] = set()
    for name, qkv in weights.items():
        path = re.sub(r"(qkv\.weight|in_proj_weight)$", "", name)
        beside = (f"{path}proj.weight", f"{path}out_proj.weight")
        projection = next((weights[other] for other in beside if path != name and other in weights), None)
        if projection is None or qkv.heads is None or qkv.parameter.shape[0] != 3 * qkv.parameter.shape[1]:
            continue
        stacked, projected = draw_mimetic(qkv.parameter.shape[1], qkv.heads, generator_of(name, seed))
        write(qkv, stacked)
        write(projection, projected)
        done |= {name, projection.name}
    return frozenset(done)


def generator_of(name: str, seed: int) -> Generator:
    digest = hashlib.blake2b(f"{seed}:{name}".encode(), digest_size=8).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest, "big") >> 1)


def _values(part: Part, choice: Choice, generator: Generator) -> Tensor | None:
    shape = tuple(part.parameter.shape)
    if choice.law == "keep":
        return None
    if choice.law in ("zeros", "ones"):
        return torch.full(shape, float(choice.law == "ones"))
    if choice.law == "position":
        return trunc_normal(shape, choice.std or 0.0, generator)
    if choice.law == "embedding":
        return _embedding(part, choice.std or 0.0, generator)
    if choice.law == "gates":
        return _gate_bias(part)
    if choice.law == "orthogonal gates":
        rows = shape[0] // part.stacked
        return torch.cat([orthogonal((rows, *shape[1:]), 1.0, generator) for _ in range(part.stacked)])
    assert choice.fans is not None
    return draw(choice.law, shape, choice.fans, generator, choice.gain)


def _embedding(part: Part, std: float, generator: Generator) -> Tensor:
    values = normal(tuple(part.parameter.shape), std, generator)
    padding = getattr(part.module, "padding_idx", None)
    if padding is not None:
        values[padding] = 0.0
    return values


def _gate_bias(part: Part) -> Tensor:
    """PyTorch's LSTM orders its gates input, forget, cell, output, and adds two biases: one of them gets the 1."""
    values = torch.zeros(part.parameter.shape)
    if part.stacked == 4 and "ih" in part.name.rpartition(".")[2]:
        quarter = len(values) // 4
        values[quarter : 2 * quarter] = 1.0
    return values
