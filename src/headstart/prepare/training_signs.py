"""Signs that a layer has been trained: that no law in use could have drawn its parameters as they are.

What training does is known from the outside only, so each sign is a statistical or exact contradiction to being fresh:

- a norm's shift that is not constant, if its statistics have ever been updated (fresh shifts are 0; DCGAN draws the
  scale, and RepVGG the shift as well);
- a bias that is not constant and exceeds 1/√fan_in, the bound of PyTorch's own start;
- a matrix with a singular value that independent entries do not give;
- a matrix whose entries are of no uniform, normal or truncated normal distribution.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from headstart.prepare.parts import Part

LARGEST = 1024  # rows and columns that the look for a large singular value takes in
ENTRIES = 1 << 17  # of a matrix that are held against the distributions
ALPHA = 1e-9  # of a false sign: a model has at most some thousand matrices


class TrainingSigns:
    """Which layers of a model show that they were trained."""

    def __init__(self, found: Iterable[Part]) -> None:
        found = list(found)
        self._trained = {id(part.module) for part in found if shows_training(part)}
        # Norms tell surely; where there are none, most matrices must show it.
        telling = {id(part.module) for part in found if part.kind == "norm shift"}
        telling = telling or {id(part.module) for part in found if _is_matrix(part)}
        self._mostly = 2 * len(self._trained & telling) > len(telling)

    def of(self, part: Part, output: bool) -> bool:
        """Whether `part` is to be taken for trained.

        A layer that shows nothing in a network that was trained was trained with it, unless it is a new part: as PyTorch
        draws it, or an output with a zero bias.
        """
        if id(part.module) in self._trained:
            return True
        return self._mostly and not _is_untouched(part.module) and not (output and _has_zero_bias(part.module))


def shows_training(part: Part) -> bool:
    if part.kind == "norm shift":
        seen = getattr(part.module, "num_batches_tracked", None)
        return not _is_constant(part.parameter) and (seen is None or bool(seen > 0))
    if part.kind == "bias":
        return not _is_constant(part.parameter) and _exceeds_default(part.parameter, part.module)
    return _is_matrix(part) and (has_large_direction(part.parameter) or not is_drawn(part.parameter))


def has_large_direction(weight: Tensor) -> bool:
    """Whether no law with independent entries could have given this weight: its largest singular value is too large.

    An (m, n) matrix of independent entries with std σ has s_max near σ(√m + √n) (Bai and Yin 1993) and fluctuates by a
    share of about min(m, n)^(-2/3) (Tracy and Widom); gradient descent adds a few large directions to it. Constant
    weights and weights whose rows are copies are no training, but a fault.
    """
    matrix = weight.detach().reshape(weight.shape[0], -1)[:LARGEST, :LARGEST].float()
    small = min(matrix.shape)
    if small < 8:
        return False
    matrix = matrix - matrix.mean()
    far = 6 * matrix.std().item()  # a single outlier, as erfinv's truncated normal has them, is no direction
    matrix = matrix.clamp(-far, far)
    total = matrix.square().sum().item()
    if total == 0 or not math.isfinite(total):
        return False
    top = _top_singular_value(matrix)
    expected = math.sqrt(total / matrix.numel()) * (math.sqrt(matrix.shape[0]) + math.sqrt(matrix.shape[1]))
    return top > expected * max(1.15, 1 + 2 * small ** (-2 / 3)) and top**2 < 0.99 * total


def is_drawn(weight: Tensor) -> bool:
    """Whether the entries may be draws from one uniform, normal or truncated normal (at 2 σ) distribution.

    By the Kolmogorov-Smirnov statistic at level ALPHA, D < √(-ln(α/2) / 2n); that the parameters are estimated makes it
    smaller still (Lilliefors 1967). What has few distinct values (constants, identities, sparse or half-precision weights)
    is let pass.
    """
    values = weight.detach().flatten()
    values = values[:: max(1, len(values) // ENTRIES)].double().cpu()
    n = len(values)
    values = values.sort().values
    distinct = 1 + int((values[1:] != values[:-1]).sum())
    if n < 64 or distinct < n / 2 or not bool(values.isfinite().all()):
        return True
    limit = math.sqrt(-math.log(ALPHA / 2) / (2 * n))
    low, high, mean, std = values[0], values[-1], values.mean(), values.std()
    cut = 0.5 * (1 + math.erf(-math.sqrt(2)))  # Φ(-2)
    z = (values - mean) / std
    candidates = (
        (values - low) / (high - low),
        torch.special.ndtr(z),
        ((torch.special.ndtr(z * 0.87963) - cut) / (1 - 2 * cut)).clamp(0, 1),  # its std is 0.87963 σ
    )
    ranks = (torch.arange(n, dtype=torch.float64) + 0.5) / n
    return any(float((candidate - ranks).abs().max()) < limit for candidate in candidates)


def _top_singular_value(matrix: Tensor) -> float:
    """By power iteration, from below: what it misses can only hide training, not feign it."""
    generator = torch.Generator().manual_seed(0)
    vector = torch.randn(matrix.shape[1], generator=generator).to(matrix.device)
    for _ in range(15):
        image = matrix @ (vector / vector.norm())
        vector = matrix.T @ image
    return float(image.norm())


def _is_untouched(module: nn.Module) -> bool:
    """Whether all is within PyTorch's bounds still: the first update carries entries beyond them."""
    weight, bias = getattr(module, "weight", None), getattr(module, "bias", None)
    if not isinstance(weight, Tensor) or weight.ndim < 2 or _is_constant(weight):
        return False
    return not any(isinstance(tensor, Tensor) and _exceeds_default(tensor, module) for tensor in (weight, bias))


def _has_zero_bias(module: nn.Module) -> bool:
    bias = getattr(module, "bias", None)
    return isinstance(bias, Tensor) and not bool(bias.detach().any())


def _exceeds_default(tensor: Tensor, module: nn.Module) -> bool:
    """Whether it has a value beyond U(±1/√fan_in), from which `nn.Linear` and the convolutions draw both."""
    weight = getattr(module, "weight", None)
    if not isinstance(weight, Tensor) or weight.ndim < 2 or weight.numel() == 0:
        return False
    return bool(tensor.detach().abs().max() > 1.0001 / math.sqrt(weight[0].numel()))


def _is_matrix(part: Part) -> bool:
    return part.parameter.ndim > 1 and part.kind not in ("other", "position")


def _is_constant(tensor: Tensor) -> bool:
    values = tensor.detach().flatten()
    return bool((values == values[:1]).all())
