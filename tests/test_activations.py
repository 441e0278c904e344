"""Moments of activations against closed forms and SciPy's adaptive quadrature."""

import itertools
import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.integrate import quad
from scipy.special import expit, ndtr
from torch import nn

from headstart.errors import HeadstartError
from headstart.prepare.activations import BY_NAME, gain, moments, moments_at, regions


def under_normal(function, *kinks):
    """E[function(z)] by SciPy, split at the kinks."""
    edges = [-12.0, *kinks, 12.0]
    density = lambda z: function(z) * math.exp(-z * z / 2) / math.sqrt(2 * math.pi)  # noqa: E731
    return sum(quad(density, a, b, epsabs=1e-13, epsrel=1e-12, limit=400)[0] for a, b in itertools.pairwise(edges))


INDEPENDENT = {  # name: function, derivative, kinks
    "sigmoid": (expit, lambda z: expit(z) * expit(-z), ()),
    "tanh": (np.tanh, lambda z: 1 - np.tanh(z) ** 2, ()),
    "elu": (lambda z: z if z > 0 else math.expm1(z), lambda z: 1.0 if z > 0 else math.exp(z), (0.0,)),
    "gelu": (lambda z: z * ndtr(z), lambda z: ndtr(z) + z * math.exp(-z * z / 2) / math.sqrt(2 * math.pi), ()),
    "silu": (lambda z: z * expit(z), lambda z: expit(z) * (1 + z * expit(-z)), ()),
    "softplus": (lambda z: np.logaddexp(0, z), expit, ()),
    "softsign": (lambda z: z / (1 + abs(z)), lambda z: 1 / (1 + abs(z)) ** 2, (0.0,)),
    "hardswish": (
        lambda z: z * min(max(z + 3, 0), 6) / 6,
        lambda z: 0.0 if z < -3 else 1.0 if z > 3 else (2 * z + 3) / 6,
        (-3.0, 3.0),
    ),
    "logsigmoid": (lambda z: -np.logaddexp(0, -z), lambda z: expit(-z), ()),
    "tanhshrink": (lambda z: z - np.tanh(z), lambda z: np.tanh(z) ** 2, ()),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_moments_agree_with_adaptive_quadrature(name):
    function, slope, kinks = INDEPENDENT[name]
    found = moments(name)
    assert found.mean == pytest.approx(under_normal(function, *kinks), abs=1e-10)
    assert found.second == pytest.approx(under_normal(lambda z: function(z) ** 2, *kinks), abs=1e-10)
    assert found.derivative == pytest.approx(under_normal(lambda z: slope(z) ** 2, *kinks), abs=1e-10)


def test_relu_halves_the_second_moment_forward_and_backward():
    relu = moments("relu")
    assert relu.second == pytest.approx(1 / 2, abs=1e-12)
    assert relu.derivative == pytest.approx(1 / 2, abs=1e-12)
    assert relu.mean == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-12)


@pytest.mark.parametrize("slope", [0.0, 0.01, 0.2, 0.7])
def test_leaky_relu_keeps_half_of_one_plus_the_slope_squared(slope):
    assert moments(nn.LeakyReLU(slope)).second == pytest.approx((1 + slope**2) / 2, abs=1e-12)


def test_the_sine_has_its_closed_form():
    assert moments("sin").second == pytest.approx((1 - math.exp(-2)) / 2, abs=1e-12)
    assert moments("sin").derivative == pytest.approx((1 + math.exp(-2)) / 2, abs=1e-12)


def test_hardtanh_has_its_closed_form():
    inside = math.erf(1 / math.sqrt(2))
    density = math.exp(-1 / 2) / math.sqrt(2 * math.pi)
    assert moments("hardtanh").derivative == pytest.approx(inside, abs=1e-12)
    assert moments("hardtanh").second == pytest.approx(inside - 2 * density + (1 - inside), abs=1e-12)


def test_selu_keeps_mean_zero_and_second_moment_one():
    selu = moments("selu")
    assert (selu.mean, selu.second) == (pytest.approx(0, abs=1e-7), pytest.approx(1, abs=1e-7))


def test_a_kink_at_any_place_is_found():
    shift = 0.31371
    found = moments(lambda z: F.relu(z - shift))
    assert found.derivative == pytest.approx(1 - ndtr(shift), abs=1e-11)
    assert found.second == pytest.approx(under_normal(lambda z: max(z - shift, 0) ** 2, shift), abs=1e-11)


def test_a_jump_at_any_place_is_found():
    assert moments(lambda z: (z > 0.77).double()).second == pytest.approx(1 - ndtr(0.77), abs=1e-11)


def test_prelu_averages_over_its_learned_slopes():
    prelu = nn.PReLU(2)
    prelu.weight.data = torch.tensor([0.0, 1.0])
    assert moments(prelu).second == pytest.approx((1 / 2 + 1) / 2, abs=1e-12)


def test_rrelu_averages_over_its_random_slopes_while_training():
    rrelu = nn.RReLU(0.0, 1.0)
    assert moments(rrelu).second == pytest.approx((1 + 1 / 3) / 2, abs=1e-12)
    assert moments(rrelu.eval()).second == pytest.approx((1 + 1 / 4) / 2, abs=1e-12)


def test_glu_is_a_product_of_independent_factors():
    generator = torch.Generator().manual_seed(0)
    values = F.glu(torch.randn(400_000, 2, generator=generator, dtype=torch.float64), dim=1)
    assert moments(nn.GLU()).second == pytest.approx(values.square().mean().item(), abs=3e-3)
    assert moments("glu").second == pytest.approx(moments("sigmoid").second, abs=1e-12)


def test_softmax_of_two_is_the_logistic_function_of_the_difference():
    twice = lambda z: expit(math.sqrt(2) * z)  # noqa: E731  a difference of two normal values has variance 2
    found = moments(nn.Softmax(-1), features=2)
    assert found.second == pytest.approx(under_normal(lambda z: twice(z) ** 2), abs=1e-10)
    slope = under_normal(lambda z: (twice(z) * (1 - twice(z))) ** 2)
    assert found.derivative == pytest.approx(2 * slope, abs=1e-10)  # two outputs move with each input


def test_softmax_of_ten_agrees_with_samples():
    p = torch.randn(200_000, 10, generator=torch.Generator().manual_seed(0), dtype=torch.float64).softmax(-1)
    assert moments("softmax", features=10).mean == pytest.approx(0.1)
    assert moments("softmax", features=10).second == pytest.approx(p.square().mean().item(), rel=5e-3)


def test_the_gain_keeps_the_second_moment_of_a_wide_layer():
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(256, 2048, generator=generator)
    for name in ("relu", "gelu", "tanh", "silu", "sigmoid"):
        weight = torch.randn(2048, 2048, generator=generator) * gain(name) / math.sqrt(2048)
        assert (BY_NAME[name](x) @ weight.T).square().mean().item() == pytest.approx(1, rel=0.02), name


def test_where_torch_knows_a_gain_from_this_principle_it_is_the_same():
    assert gain("relu") == pytest.approx(nn.init.calculate_gain("relu"), abs=1e-12)
    assert gain(nn.LeakyReLU(0.3)) == pytest.approx(nn.init.calculate_gain("leaky_relu", 0.3), abs=1e-12)
    assert gain("linear") == pytest.approx(nn.init.calculate_gain("linear"), abs=1e-12)
    assert gain("tanh") == pytest.approx(1.5925, abs=1e-4)  # torch: 5/3


def test_every_activation_of_torch_nn_has_moments():
    known = {name.lower() for name in nn.modules.activation.__all__}
    left_out = {
        "multiheadattention",
        "softmax2d",
        "softmin",
        "logsoftmax",
    }  # over several features, and no hidden layer's
    for name in known - left_out - {"softmax", "glu"}:
        module = {"threshold": lambda: nn.Threshold(0.1, 0.0)}.get(name)
        cls = next(c for c in nn.modules.activation.__all__ if c.lower() == name)
        found = moments(module() if module else getattr(nn, cls)())
        assert all(math.isfinite(v) for v in (found.mean, found.second, found.derivative)), name


def test_relu_is_dead_below_zero_and_half_of_the_time():
    assert regions("relu").dead == ((-math.inf, pytest.approx(0, abs=1e-8)),)
    assert regions("relu").dead_share == pytest.approx(0.5, abs=1e-8)
    assert regions("leaky_relu").dead == ()


def test_hardtanh_is_dead_beyond_one():
    assert regions("hardtanh").dead == ((-math.inf, pytest.approx(-1)), (pytest.approx(1), math.inf))


def test_tanh_saturates_where_its_slope_has_fallen_to_a_twentieth():
    (_, left), (right, _) = regions("tanh").saturated
    assert 1 - math.tanh(right) ** 2 == pytest.approx(0.05, abs=1e-6)
    assert left == pytest.approx(-right)


@pytest.mark.parametrize(("name", "bounded"), [("tanh", True), ("sigmoid", True), ("relu", False), ("relu6", False)])
def test_only_what_saturates_on_both_sides_within_reach_is_bounded(name, bounded):
    assert regions(name).bounded is bounded


def test_an_unknown_name_is_refused():
    with pytest.raises(HeadstartError, match="no activation called 'relo'"):
        gain("relo")


def test_a_callable_that_mixes_its_inputs_is_refused():
    with pytest.raises(HeadstartError, match="not elementwise"):
        gain(lambda z: z - z.mean())


def test_depth_scales_of_tanh_that_the_plan_rests_on():
    def depth(std):
        known = moments_at("tanh", std)
        assert known.derivative == pytest.approx(under_normal(lambda z: math.cosh(std * z) ** -4), rel=1e-8)
        return 1 / math.log(2 / (known.second + known.derivative) * known.derivative)

    assert depth(1.0) == pytest.approx(13, abs=0.5)
    assert depth(0.5) == pytest.approx(61, abs=0.5)
