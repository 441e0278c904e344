"""Scales that change nothing, chosen by the gradients that arrive.

*Divided out.* Where all that a weight W gives goes into norms, the network computes the same for cW as for W, up to the
norms' ε. So ⟨W, ∂L/∂W⟩ = 0 (Euler), the gradient at cW is 1/c of that at W, and nothing else changes: neither the
forward pass nor any other gradient. A law for the signal cannot choose c; one backward pass can.

*Shared.* Where a weight V alone feeds the end W of a residual branch, through ReLU or what is nearly as straight, the
network computes the same for cV and W/c; of attention, V is the part that gives the values. The gradients become 1/c and
c times what they were. 1/√N, by which N branches are made small, stands on W alone at first, so that V's gradient is
small and W's is not. c = √(g_V/g_W) makes them equal.

Of weights of one kind the gradient norms g are to be alike, and so are the steps of SGD against the weights' own size,
g/|W|. c divides the first by c, the second by c². For weights of equal size, c = (g/ḡ)^(2/3) with ḡ the geometric mean
leaves both with the cube root of the spread that g had, and no other power makes the wider of the two narrower.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeGuard

import torch
from torch import Tensor, nn
from torch.nn.modules.conv import _ConvNd

from headstart.prepare.activations import moments_at
from headstart.prepare.drawing import generator_of
from headstart.prepare.parts import Part
from headstart.prepare.places import Divided

POWER = 2 / 3  # of g/ḡ; see above
FURTHEST = 3.0  # factor either way
LEAST_STD = 0.1  # before the norm: its square is 1,000 times the usual ε of 1e-5
SIGNAL = (0.4, 2.5)  # std of what is joined with others before the norm, which then weighs them: no factor leads out
LEAST_SIGNAL = 0.5  # std between two weights that share a scale
SAME = 0.01  # part of ⟨W, ∂L/∂W⟩ by which that of the values may differ from that of the projection after them
STRAIGHT = 0.01  # |cos(W, ∂L/∂W)| from which W's scale is not free: its ε or a bias matters


@dataclass(frozen=True)
class Shared:
    """Two weights, by name, of which the first alone feeds the second, at the end of a branch."""

    first: str
    second: str
    through: str  # what is between them: an activation, "attention" or "linear"


def projected(outputs: Sequence[Tensor], seed: int) -> Tensor:
    """The outputs along a random direction: a loss for want of one. Its gradient differs from sample to sample."""
    generator = generator_of("outputs", seed)
    total = torch.zeros((), device=outputs[0].device)
    for output in outputs:
        direction = torch.randn(output.shape, generator=generator).to(output.device)
        total = total + (output.real.float() * direction).sum() / math.sqrt(output.numel())
    return total


@dataclass(frozen=True)
class Factor:
    by: float
    rows: tuple[int, int | None] = (0, None)

    def times(self, weight: Tensor) -> Tensor:
        result = weight.detach().clone()
        result[slice(*self.rows)] *= self.by
        return result


def free_factors(
    parts: Sequence[Part],
    stds: Mapping[str, float],
    divided: Mapping[str, Divided],
    shared: Sequence[Shared],
    root: Tensor,
) -> dict[str, Factor]:
    """Factors for the weights named in `divided` and `shared`, by name; `stds` of what they give.

    Empty where no gradient can be had.
    """
    weights = [part for part in parts if kind_of(part) is not None and part.parameter.requires_grad]
    if not root.requires_grad or not weights:
        return {}
    try:
        found = torch.autograd.grad(root, [part.parameter for part in weights], allow_unused=True)
    except RuntimeError:  # a reentrant checkpoint, a function without a backward: the scales stay as drawn
        return {}
    gradients = {part.name: (part, grad) for part, grad in zip(weights, found, strict=True) if _is_live(grad)}
    excess = _excess(gradients)
    loose = {name for name in divided.keys() & gradients.keys() if _at_right_angles(*gradients[name])}
    factors = {name: Factor(_factor(excess[name], stds.get(name, 1.0), divided[name])) for name in loose}
    for pair in shared:
        if pair.first not in stds or not {pair.first, pair.second} <= gradients.keys() - loose:
            continue
        rows: tuple[int, int | None] = (0, None)
        if pair.through == "attention":
            values = _rows_of_values(gradients[pair.first], gradients[pair.second])
            if values is None:
                continue
            rows = values
        factor = _shared_factor(excess[pair.first] - excess[pair.second], stds[pair.first])
        answer = _answer(factor, stds[pair.first], pair.through)
        for name, each in ((pair.first, Factor(factor, rows)), (pair.second, Factor(answer))):
            before = factors.get(name)
            factors[name] = each if before is None else Factor(before.by * each.by, each.rows)
            excess[name] -= math.log(each.by)
    return factors


def _rows_of_values(first: tuple[Part, Tensor], second: tuple[Part, Tensor]) -> tuple[int, int] | None:
    """Which third of a fused query, key and value is the value; None if that cannot be told.

    A factor on the values is one on the projection after them: ⟨V, ∂L/∂V⟩ = ⟨W, ∂L/∂W⟩ (Euler).
    """
    rows = len(first[0].parameter)
    if rows % 3:
        return None
    thirds, whole = _product(*first).reshape(3, -1).sum(1), _product(*second).sum()
    alike = [place for place, third in enumerate(thirds) if (third - whole).abs() < SAME * whole.abs()]
    return (alike[0] * rows // 3, (alike[0] + 1) * rows // 3) if len(alike) == 1 else None


def _excess(gradients: Mapping[str, tuple[Part, Tensor]]) -> dict[str, float]:
    """The logarithm of each gradient's norm, less the mean of its kind."""
    logs = {name: math.log(grad.float().norm().item()) for name, (_, grad) in gradients.items()}
    by_kind: dict[str | None, list[float]] = defaultdict(list)
    for name, (part, _) in gradients.items():
        by_kind[kind_of(part)].append(logs[name])
    means = {kind: sum(found) / len(found) for kind, found in by_kind.items()}
    return {name: logs[name] - means[kind_of(part)] for name, (part, _) in gradients.items()}


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


def _is_live(gradient: Tensor | None) -> TypeGuard[Tensor]:
    return gradient is not None and 0 < gradient.float().norm().item() < math.inf


def _product(part: Part, gradient: Tensor) -> Tensor:
    return part.parameter.detach().double() * gradient.double()


def _at_right_angles(part: Part, gradient: Tensor) -> bool:
    longest = part.parameter.detach().double().norm() * gradient.double().norm()
    return bool(_product(part, gradient).sum().abs() < STRAIGHT * longest)


def _factor(excess: float, std: float, divided: Divided) -> float:
    if std <= 0:
        return 1.0
    lowest, highest = SIGNAL if divided == "part" else (LEAST_STD, math.inf)
    least, most = max(1 / FURTHEST, min(1.0, lowest / std)), min(FURTHEST, max(1.0, highest / std))
    return min(max(math.exp(POWER * excess), least), most)


def _shared_factor(excess: float, std: float) -> float:
    """For the first of two that share: 1 at most, and the signal between them stays in its range."""
    return min(max(math.exp(excess / 2), LEAST_SIGNAL / max(std, LEAST_SIGNAL)), 1.0)


def _answer(factor: float, std: float, through: str) -> float:
    """For the second: what the activation lets through at the new std is what it let through before."""
    if through in ("attention", "linear"):
        return 1 / factor
    before, after = (moments_at(through, each).second for each in (std, factor * std))
    return math.sqrt(before / after) / factor
