"""What an activation does to a signal: how much of it passes forward and backward, where it is dead, where it saturates.

For z ~ N(0, 1), the pre-activation that a sound initialisation aims for, three moments decide about an activation f:
E[f(z)], E[f(z)²] and E[f'(z)²]. Weights with variance 1 / (n_in E[f²]) keep the forward signal at 1; weights with
variance 1 / (n_out E[f'²]) keep the gradient (He et al. 2015, arXiv 1502.01852, eq. 7 and 14, with ReLU's 1/2 for both).
All moments come from quadrature in float64, so an activation that nobody has tabulated has a gain, too.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from headstart.errors import HeadstartError
from headstart.prepare.quadrature import expectation

Activation = str | nn.Module | Callable[[Tensor], Tensor]

SATURATED = 0.05  # of the steepest slope; tanh is there from |z| = 2.18, the logistic function from |z| = 4.36
REACHED = 1e-6  # probability of a tail; the logistic function's have 7e-6 each, ReLU6's upper one 1e-9
DIFFERENT = 1e-9  # relative; two probed values further apart do not come from one elementwise function


@dataclass(frozen=True)
class Moments:
    """Moments of an activation f whose input is z ~ N(0, 1); `derivative` is per input value."""

    mean: float  # E[f(z)]
    second: float  # E[f(z)²]
    derivative: float  # E[f'(z)²]

    @property
    def std(self) -> float:
        return math.sqrt(max(self.second - self.mean**2, 0.0))

    @property
    def gain(self) -> float:
        """Factor on 1/√n_in that keeps the second moment of the pre-activations at 1; inf where nothing passes."""
        return self.second**-0.5 if self.second else math.inf

    @property
    def backward_gain(self) -> float:
        """Factor on 1/√n_out that keeps the second moment of the gradient; inf where no gradient passes."""
        return self.derivative**-0.5 if self.derivative else math.inf


@dataclass(frozen=True)
class Regions:
    """Intervals of the input, ends at ±inf included, and their probability for z ~ N(0, 1)."""

    dead: tuple[tuple[float, float], ...]  # the derivative is exactly 0
    saturated: tuple[tuple[float, float], ...]  # the tails in which it stays below 5 % of its maximum

    @property
    def dead_share(self) -> float:
        return sum(_probability(*interval) for interval in self.dead)

    @property
    def saturated_share(self) -> float:
        return sum(_probability(*interval) for interval in self.saturated)

    @property
    def bounded(self) -> bool:
        """Saturates on both sides and within reach of z, as tanh does; ReLU does not, and ReLU6 only beyond 5.9 σ."""
        tails = [interval for interval in self.saturated if _probability(*interval) > REACHED]
        return len(tails) == 2


def gain(activation: Activation, *, backward: bool = False) -> float:
    """Factor on 1/√fan that keeps a signal's size through `activation`: √2 for ReLU, 1.5925 for tanh.

    `activation` is a name of `torch.nn.functional`, a module, or any differentiable elementwise callable on tensors.
    `torch.nn.init.calculate_gain` gives 5/3 for tanh and 1 for the logistic function; docs/initialization.md says why
    these differ. Raises HeadstartError for an unknown name or a callable that is not elementwise.

    Example:
        >>> round(hs.gain("relu"), 4), round(hs.gain("tanh"), 4)
        (1.4142, 1.5925)
        >>> round(hs.gain(lambda z: z * torch.sigmoid(1.702 * z)), 4)  # any other
        1.5395
    """
    known = moments(activation)
    return known.backward_gain if backward else known.gain


def moments(activation: Activation, *, features: int | None = None) -> Moments:
    """The three moments of `activation`; of softmax over `features` values, which it needs to know.

    GLU halves its features: its moments are those of one output value and of the derivative per input value.
    PReLU's learned slopes and RReLU's random ones (in training mode) are averaged over.
    """
    if isinstance(activation, str):
        return _named_moments(activation, features)
    if isinstance(activation, nn.Softmax) or activation in (F.softmax, torch.softmax):
        return _softmax(features)
    if isinstance(activation, nn.GLU) or activation is F.glu:
        return _glu()
    if isinstance(activation, nn.PReLU):
        slopes = activation.weight.detach().double()
        return _leaky(slopes.mean().item(), slopes.square().mean().item())
    if isinstance(activation, nn.RReLU) and activation.training:
        low, high = activation.lower, activation.upper
        return _leaky((low + high) / 2, (low * low + low * high + high * high) / 3)
    return _elementwise(function_of(activation))


@functools.lru_cache(maxsize=256)
def moments_at(name: str, std: float) -> Moments:
    """The moments of z ↦ f(std · z) / std: what the activation `name` passes at inputs of that `std`, as shares of it."""
    function = function_of(name)
    return _elementwise(lambda z: function(std * z) / std)


def regions(activation: Activation) -> Regions:
    """Where an elementwise `activation` is dead and where it saturates, to 1e-9, seen within |z| < 8."""
    slope = derivative(function_of(activation))
    steepest = slope(torch.linspace(-8.0, 8.0, 4001, dtype=torch.float64)).abs().max().item()
    flat = _intervals(lambda z: slope(z).abs() <= SATURATED * steepest)
    return Regions(
        dead=_intervals(lambda z: slope(z) == 0),
        saturated=tuple(interval for interval in flat if math.inf in (-interval[0], interval[1])),
    )


def function_of(activation: Activation) -> Callable[[Tensor], Tensor]:
    """The callable behind a name or a module, checked to be elementwise."""
    function = BY_NAME.get(activation.lower()) if isinstance(activation, str) else activation
    if function is None:
        raise HeadstartError(
            f"there is no activation called {activation!r}",
            f"use one of {', '.join(sorted(BY_NAME))}, a module, or a callable",
        )
    if isinstance(function, nn.Module):
        function = _frozen(function)
    _check_elementwise(function)
    return function


def derivative(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """f' by autograd; 0 where the graph does not reach the input (a constant, a sign)."""

    def slope(z: Tensor) -> Tensor:
        with torch.enable_grad():
            at = z.detach().clone().requires_grad_()
            value = function(at)
            if not value.requires_grad:
                return torch.zeros_like(z)
            (found,) = torch.autograd.grad(value.sum(), at, allow_unused=True)
        return torch.zeros_like(z) if found is None else found

    return slope


BY_NAME: dict[str, Callable[[Tensor], Tensor]] = {
    "identity": lambda z: z,
    "linear": lambda z: z,
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": F.relu,
    "leaky_relu": F.leaky_relu,
    "prelu": lambda z: F.leaky_relu(z, 0.25),  # nn.PReLU's start
    "rrelu": lambda z: F.leaky_relu(z, 11 / 48),  # its mean slope, as in evaluation
    "elu": F.elu,
    "celu": F.celu,
    "selu": F.selu,
    "gelu": F.gelu,
    "gelu_tanh": lambda z: F.gelu(z, approximate="tanh"),
    "silu": F.silu,
    "swish": F.silu,
    "mish": F.mish,
    "softplus": F.softplus,
    "softsign": F.softsign,
    "hardtanh": F.hardtanh,
    "hardswish": F.hardswish,
    "hardsigmoid": F.hardsigmoid,
    "relu6": F.relu6,
    "logsigmoid": F.logsigmoid,
    "tanhshrink": F.tanhshrink,
    "softshrink": F.softshrink,
    "hardshrink": F.hardshrink,
    "threshold": lambda z: F.threshold(z, 0.0, 0.0),  # has no defaults; this is the usual one, a ReLU
    "sin": torch.sin,
}


def _named_moments(name: str, features: int | None) -> Moments:
    wide = {"softmax": lambda: _softmax(features), "glu": _glu, "rrelu": lambda: moments(nn.RReLU())}
    if name.lower() in wide:
        return wide[name.lower()]()  # type: ignore[no-any-return, no-untyped-call, unused-ignore]
    return _elementwise(function_of(name))


@functools.lru_cache(maxsize=256)
def _elementwise(function: Callable[[Tensor], Tensor]) -> Moments:
    slope = derivative(function)

    def figures(z: Tensor) -> Tensor:
        value = function(z).detach()
        return torch.stack([value, value.square(), slope(z).square()])

    return Moments(*expectation(figures).tolist())


def _leaky(slope: float, squared: float) -> Moments:
    """ReLU with a random slope below 0: E[f] = (1-a)/√(2π), E[f²] = E[f'²] = (1+a²)/2, each averaged over a."""
    return Moments((1 - slope) / math.sqrt(2 * math.pi), (1 + squared) / 2, (1 + squared) / 2)


def _glu() -> Moments:
    """a σ(b) for independent a, b: the mean vanishes, E[a² σ²] = E[σ²], and either input's slope² is averaged."""
    gate = _elementwise(torch.sigmoid)
    return Moments(0.0, gate.second, (gate.second + gate.derivative) / 2)


@functools.lru_cache(maxsize=64)
def _softmax(features: int | None) -> Moments:
    """Moments of e^z₁/S with S = Σ e^z over n independent values, from 1/S^k = ∫ t^(k-1) e^(-tS) dt / (k-1)!.

    The integral over t splits the values: with ψ_j(t) = E[e^(jz) e^(-t e^z)] it is E[p₁^a p₂^b] =
    ∫ t^(k-1) ψ_a ψ_b ψ_0^(n-2) dt / (k-1)!, k = a + b. The derivative is that of the whole Jacobian, per input value.
    """
    if features is None or features < 1:
        raise HeadstartError(
            f"softmax over {features} features has no moments", "pass features=, a whole number above 0"
        )
    if features == 1:
        return Moments(1.0, 1.0, 0.0)
    u = torch.linspace(
        -40.0, 10.0, 401, dtype=torch.float64
    )  # t = e^u; here the trapezoidal rule is exact to rounding
    psi = expectation(lambda z: torch.cat([torch.exp(j * z - torch.exp(u[:, None] + z)) for j in range(5)])).reshape(
        5, -1
    )

    def power(a: int, b: int) -> float:
        k = a + b
        integrand = torch.exp(k * u) * psi[a] * psi[b] * psi[0] ** (features - 2)
        return torch.trapezoid(integrand, u).item() / math.factorial(k - 1)

    jacobian = power(2, 0) - 2 * power(3, 0) + power(4, 0) + (features - 1) * power(2, 2)
    return Moments(1 / features, power(2, 0), jacobian)


def _frozen(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """The module in float64 and not in place, for quadrature."""
    import copy

    twin = copy.deepcopy(module).double().cpu().eval()
    for part in twin.modules():
        if hasattr(part, "inplace"):
            setattr(part, "inplace", False)  # noqa: B010
    return twin


def _check_elementwise(function: Callable[[Tensor], Tensor]) -> None:
    z = torch.tensor([-1.5, -0.3, 0.2, 1.7], dtype=torch.float64)
    try:
        with torch.no_grad():
            together = function(z.clone())
            alone = torch.cat([function(value.reshape(1).clone()) for value in z])
    except Exception as error:  # the callable is the user's own: anything may come out of it
        raise HeadstartError(
            f"the activation {function!r} fails on a tensor of 4 values: {error}",
            "pass a callable that takes a tensor of any shape and returns one of the same shape",
        ) from error
    if together.shape != z.shape or not torch.allclose(
        together, alone, rtol=DIFFERENT, atol=DIFFERENT, equal_nan=True
    ):
        raise HeadstartError(
            f"the activation {function!r} is not elementwise: its value at a point depends on the others, or on chance",
            "pass an elementwise callable in evaluation mode, or use the laws that need no gain",
        )


def _intervals(holds: Callable[[Tensor], Tensor]) -> tuple[tuple[float, float], ...]:
    """The intervals of (-inf, inf) on which a condition holds, seen on a grid of 1/64 and refined by bisection."""
    grid = torch.arange(-512, 512, dtype=torch.float64) / 64 + 1 / 128  # off the kinks, which lie on multiples
    inside = holds(grid).tolist()
    points = grid.tolist()
    edges = [-math.inf] if inside[0] else []
    for place in range(1, len(points)):
        if inside[place] != inside[place - 1]:
            edges.append(_bisect(holds, points[place - 1], points[place], inside[place - 1]))
    edges += [math.inf] if inside[-1] else []
    return tuple(zip(edges[::2], edges[1::2], strict=True))


def _bisect(holds: Callable[[Tensor], Tensor], left: float, right: float, at_left: bool) -> float:
    while right - left > 1e-10:
        middle = (left + right) / 2
        if bool(holds(torch.tensor([middle], dtype=torch.float64))) == at_left:
            left = middle
        else:
            right = middle
    return round((left + right) / 2, 9)


def _probability(left: float, right: float) -> float:
    return (math.erf(right / math.sqrt(2)) - math.erf(left / math.sqrt(2))) / 2
