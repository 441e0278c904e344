"""The laws from which initial weights are drawn: a standard deviation by fans and gain, and a shape.

    LeCun    Var = g²/n_in                  LeCun et al. 1998, Efficient BackProp, §4.6; g = 1
    Xavier   Var = 2g²/(n_in + n_out)       Glorot and Bengio 2010, eq. 12 (normal) and 16 (uniform, ±√(6/(n_in + n_out)))
    Kaiming  Var = g²/n_in or g²/n_out      He et al. 2015, arXiv 1502.01852, eq. 10 and 14, with g = √2 for ReLU

Numbers are drawn on the CPU in float32 from the caller's generator and then moved, so that a seed gives the same weights
on every device, and the same up to rounding in every dtype.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor

from headstart.errors import HeadstartError
from headstart.prepare.fans import Fans

SAMPLE = 65_536  # values by which a law is recognised
CUT = 2.0  # of trunc_normal, in standard deviations before the cut
STD_AFTER_CUT = math.sqrt(
    1 - 2 * CUT * math.exp(-(CUT**2) / 2) / math.sqrt(2 * math.pi) / math.erf(CUT / math.sqrt(2))
)  # 0.8796

_VARIANCE: dict[str, Callable[[Fans], float]] = {
    "lecun": lambda fans: 1 / fans.n_in,
    "xavier": lambda fans: 2 / (fans.n_in + fans.n_out),
    "kaiming": lambda fans: 1 / fans.n_in,
    "kaiming_fan_out": lambda fans: 1 / fans.n_out,
}
_DEFAULT_GAIN = {"lecun": 1.0, "xavier": 1.0, "kaiming": math.sqrt(2), "kaiming_fan_out": math.sqrt(2)}


def law_std(law: str, fans: Fans, gain: float | None = None) -> float:
    """Standard deviation of a weight drawn from `law`; `gain=None` takes the classic one, √2 for Kaiming, else 1."""
    _known(law)
    if law == "sigmoid_uniform":
        return 4.0 * (1.0 if gain is None else gain) * math.sqrt(2 / (fans.n_in + fans.n_out))
    if law == "orthogonal":
        return (1.0 if gain is None else gain) / math.sqrt(max(fans.n_in, fans.n_out))
    scheme, _, _ = law.rpartition("_")
    scheme = scheme.removesuffix("_trunc")
    factor = _DEFAULT_GAIN[scheme] if gain is None else gain
    return factor * math.sqrt(_VARIANCE[scheme](fans))


def draw(law: str, shape: tuple[int, ...], fans: Fans, generator: Generator, gain: float | None = None) -> Tensor:
    """A float32 CPU tensor of `shape` (out, in, *kernel), drawn from `law`; HeadstartError for an unknown law."""
    std = law_std(law, fans, gain)
    if law == "orthogonal":
        return orthogonal(shape, 1.0 if gain is None else gain, generator)
    if law.endswith("trunc_normal"):
        return trunc_normal(shape, std, generator)
    if law.endswith("uniform"):
        return uniform(shape, std, generator)
    return normal(shape, std, generator)


def normal(shape: tuple[int, ...], std: float, generator: Generator) -> Tensor:
    return torch.randn(shape, generator=generator) * std


def uniform(shape: tuple[int, ...], std: float, generator: Generator) -> Tensor:
    """U(±√3 std)."""
    return (torch.rand(shape, generator=generator) * 2 - 1) * (math.sqrt(3) * std)


def trunc_normal(shape: tuple[int, ...], std: float, generator: Generator) -> Tensor:
    """A normal law cut at 2 of its own σ and scaled back, so that what is left has the std that was asked for.

    Sampled by rejection: no value can lie beyond 2.27 `std`. The inverse error function instead gives ±∞ at ±1, which
    float32 reaches about once in 10⁷ draws; with absolute cuts (`a=-2, b=2` at std 0.02) several releases of torch and
    timm then put weights at 100 σ into a vision transformer (pytorch#155588).
    """
    values = torch.randn(shape, generator=generator)
    while int((outside := values.abs() > CUT).sum()):
        values[outside] = torch.randn(int(outside.sum()), generator=generator)
    return values * (std / STD_AFTER_CUT)


def orthogonal(shape: tuple[int, ...], gain: float, generator: Generator) -> Tensor:
    """Rows (or columns, if there are fewer) orthogonal and of length `gain`; Saxe et al. 2014, arXiv 1312.6120.

    The kernel counts as columns. Multiplying by the sign of R's diagonal makes Q uniform (Mezzadri 2007, math-ph/0609050).
    """
    rows, columns = shape[0], math.prod(shape[1:])
    flat = torch.randn(max(rows, columns), min(rows, columns), generator=generator, dtype=torch.float64)
    q, r = torch.linalg.qr(flat)
    q = q * r.diagonal().sign()
    weight: Tensor = gain * (q if rows >= columns else q.T)
    return weight.reshape(shape).to(torch.float32)


def mimetic_pair(
    dim: int, alpha: float, beta: float, generator: Generator, *, rank: int | None = None
) -> tuple[Tensor, Tensor]:
    """Two factors, (dim, rank) and (rank, dim), whose product is near α Z + β I, with Z normal of variance 1/dim.

    Trockman and Kolter 2023, arXiv 2305.09828: query and key of one head with α = β = 0.7 and the head's width as `rank`,
    value and projection with α = 0.4, β = -0.4. The factors share the singular values evenly.
    """
    noise = torch.randn(dim, dim, generator=generator, dtype=torch.float64) / math.sqrt(dim)
    u, s, vh = torch.linalg.svd(alpha * noise + beta * torch.eye(dim, dtype=torch.float64))
    root = s[:rank].sqrt()
    return (u[:, :rank] * root).float(), (root[:, None] * vh[:rank]).float()


def draw_mimetic(dim: int, heads: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """The fused qkv weight (3 dim, dim) and the projection's (dim, dim) of one attention layer, mimetic.

    A linear layer computes x Wᵀ, so logits are x (Wqᵀ Wk) xᵀ and what a token adds to itself is x (Wvᵀ Woᵀ).
    """
    queries, keys = [], []
    for _ in range(heads):
        left, right = mimetic_pair(dim, 0.7, 0.7, generator, rank=dim // heads)
        queries.append(left.T)
        keys.append(right)
    value, projection = mimetic_pair(dim, 0.4, -0.4, generator)
    return torch.cat([*queries, *keys, value.T]), projection.T.contiguous()


LAWS = (
    *(f"{scheme}_{shape}" for scheme in _VARIANCE for shape in ("normal", "uniform", "trunc_normal")),
    "sigmoid_uniform",  # U(±4√(6/(n_in+n_out))): the logistic function's slope at 0 is 1/4; often printed as ReLU's
    "orthogonal",
)


def _known(law: str) -> None:
    if law not in LAWS:
        raise HeadstartError(f"there is no law called {law!r}", f"use one of {', '.join(LAWS)}")


def in_words(weight: Tensor, fans: Fans) -> str:
    """The law that `weight` seems to hold, in words: PyTorch's default, a constant, or its shape and std."""
    values = sample(weight)
    if values.numel() == 0:
        return "empty"
    low, high = values.min().item(), values.max().item()
    if low == high:
        return f"constant {low:g}"
    if is_default(weight, fans):
        return "PyTorch's default (a=√5): U(±1/√fan_in), std 1/√(3·fan_in)"
    std = values.std().item()
    edge = max(-low, high) / std
    shape = "uniform" if edge < 1.8 else "truncated normal" if edge < 2.3 else "normal"
    return f"{shape}, std {std * math.sqrt(fans.n_in):.1f}/√fan_in"


def is_default(weight: Tensor, fans: Fans) -> bool:
    """Whether `weight` looks as `nn.Linear` and convolutions leave it: kaiming_uniform_(a=√5), U(±1/√fan_in).

    Of n values the largest must come within 2 % (n > 400) of the bound, and the std within 5 σ of 1/√(3 fan_in).
    """
    values = sample(weight)
    bound = 1 / math.sqrt(fans.n_in)
    n, edge = values.numel(), values.abs().max().item()
    spread = values.std().item() * math.sqrt(3) / bound
    return (
        edge <= bound * 1.004 and edge >= bound * (1 - min(0.5, 8 / n)) and abs(spread - 1) < 5 * 0.45 / math.sqrt(n)
    )


def sample(tensor: Tensor) -> Tensor:
    """At most about 65,536 of the values, evenly spaced in memory, as float32."""
    values = tensor.detach().flatten()
    return values[:: max(1, values.numel() // SAMPLE)].float()
