"""The scales that norms make free, chosen by the gradients that arrive.

Where all that a weight W gives goes into norms, the network computes the same for cW as for W, up to the norms' ε. So
⟨W, ∂L/∂W⟩ = 0 (Euler), the gradient at cW is 1/c of that at W, and nothing else changes: neither the forward pass nor
any other gradient. A law for the signal cannot choose c; one backward pass can.

Of weights of one kind the gradient norms g are to be alike, and so are the steps of SGD against the weights' own size,
g/|W|. c divides the first by c, the second by c². For weights of equal size, c = (g/ḡ)^(2/3) with ḡ the geometric mean
leaves both with the cube root of the spread that g had, and no other power makes the wider of the two narrower.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from headstart.prepare.drawing import generator_of
from headstart.prepare.parts import Part

POWER = 2 / 3  # of g/ḡ; see above
FURTHEST = 3.0  # factor either way, so that the std before the norm stays within [1/3, 3] of what the law gave
LEAST_STD = 0.1  # before the norm: its square is 1,000 times the usual ε of 1e-5
STRAIGHT = 0.01  # |cos(W, ∂L/∂W)| from which W's scale is not free: its ε or a bias matters


def projected(outputs: Sequence[Tensor], seed: int) -> Tensor:
    """The outputs along a random direction: a loss for want of one. Its gradient differs from sample to sample."""
    generator = generator_of("outputs", seed)
    total = torch.zeros((), device=outputs[0].device)
    for output in outputs:
        direction = torch.randn(output.shape, generator=generator).to(output.device)
        total = total + (output.float() * direction).sum() / math.sqrt(output.numel())
    return total


def free_factors(parts: Sequence[Part], stds: Mapping[str, float], free: set[str], root: Tensor) -> dict[str, float]:
    """Factors for the weights named in `free`, by name; `stds` of what they give. Empty where no gradient can be had."""
    weights = [part for part in parts if kind_of(part) is not None and part.parameter.requires_grad]
    if not any(part.name in free for part in weights) or not root.requires_grad:
        return {}
    try:
        found = torch.autograd.grad(root, [part.parameter for part in weights], allow_unused=True)
    except RuntimeError:  # a reentrant checkpoint, a function without a backward: the scales stay as drawn
        return {}
    norms = {part.name: norm for part, grad in zip(weights, found, strict=True) if (norm := _norm(grad))}
    loose = {
        part.name
        for part, grad in zip(weights, found, strict=True)
        if grad is not None and part.name in free & norms.keys() and _at_right_angles(part.parameter, grad)
    }
    by_kind: dict[str | None, list[str]] = defaultdict(list)
    for part in weights:
        if part.name in norms:
            by_kind[kind_of(part)].append(part.name)
    factors: dict[str, float] = {}
    for names in by_kind.values():
        mean = sum(math.log(norms[name]) for name in names) / len(names)
        for name in loose.intersection(names):
            factors[name] = _factor(math.log(norms[name]) - mean, stds.get(name, 1.0))
    return factors


def kind_of(part: Part) -> str | None:
    """Weights that are compared with one another; None for what is no plain weight of a layer."""
    module, weight = part.module, part.parameter
    if getattr(module, "weight", None) is not weight or weight.ndim < 2:
        return None  # made anew from other parameters, or a bias
    if isinstance(module, nn.Linear):
        return "linear"
    if not isinstance(module, _ConvNd) or weight[0].numel() == 1:
        return None  # a lone factor of a channel gets no gradient before a norm, only what ε lets through
    if module.groups > 1:
        return "depthwise" if module.groups == module.in_channels else "grouped"
    return "pointwise" if math.prod(module.kernel_size) == 1 else "dense"


def _norm(gradient: Tensor | None) -> float | None:
    """None for what is no use: no gradient, zero, not finite."""
    norm = math.inf if gradient is None else gradient.float().norm().item()
    return norm if 0 < norm < math.inf else None


def _at_right_angles(weight: Tensor, gradient: Tensor) -> bool:
    weight, gradient = weight.detach().double(), gradient.double()
    return bool((weight * gradient).sum().abs() < STRAIGHT * weight.norm() * gradient.norm())


def _factor(excess: float, std: float) -> float:
    factor = min(max(math.exp(POWER * excess), 1 / FURTHEST), FURTHEST)
    return max(factor, min(1.0, LEAST_STD / std)) if std > 0 else 1.0
