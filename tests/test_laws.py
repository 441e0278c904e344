"""The laws' variances, shapes and bounds, in float64 and against torch.nn.init where it has them."""

import math

import pytest
import torch
from scipy.stats import kstest, norm, truncnorm
from torch import nn

from headstart.errors import HeadstartError
from headstart.prepare.fans import Fans, fans
from headstart.prepare.laws import LAWS, draw, draw_mimetic, in_words, is_default, law_std, orthogonal, trunc_normal

SHAPE, FANS = (200, 300), Fans(300, 200)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize(
    ("law", "variance"),
    [
        ("xavier_normal", 2 / 500),
        ("kaiming_normal", 2 / 300),
        ("kaiming_fan_out_normal", 2 / 200),
        ("lecun_normal", 1 / 300),
        ("xavier_uniform", 2 / 500),
        ("kaiming_uniform", 2 / 300),
        ("lecun_uniform", 1 / 300),
        ("xavier_trunc_normal", 2 / 500),
        ("sigmoid_uniform", 16 * 2 / 500),
    ],
)
def test_a_law_has_its_textbook_variance(law, variance):
    assert law_std(law, FANS) ** 2 == pytest.approx(variance)
    assert draw(law, SHAPE, FANS, generator()).var().item() == pytest.approx(variance, rel=0.03)


@pytest.mark.parametrize(
    ("law", "bound"),
    [
        ("xavier_uniform", math.sqrt(6 / 500)),
        ("kaiming_uniform", math.sqrt(6 / 300)),
        ("sigmoid_uniform", 4 * math.sqrt(6 / 500)),
    ],
)
def test_a_uniform_law_fills_its_interval(law, bound):
    values = draw(law, SHAPE, FANS, generator()).abs().max().item()
    assert 0.999 * bound < values <= bound


def test_every_law_can_be_drawn_and_keeps_its_std():
    for law in LAWS:
        assert draw(law, SHAPE, FANS, generator()).std().item() == pytest.approx(law_std(law, FANS), rel=0.03), law


def test_truncated_values_lie_within_the_cut_and_have_the_std_asked_for():
    values = trunc_normal((1000, 1000), 0.02, generator())
    assert values.std().item() == pytest.approx(0.02, rel=2e-3)
    assert values.abs().max().item() <= 2 * 0.02 / truncnorm(-2, 2).std() + 1e-9


def test_truncated_values_follow_the_truncated_normal_law():
    values = trunc_normal((20_000,), truncnorm(-2, 2).std(), generator()).double().numpy()
    assert kstest(values, truncnorm(-2, 2).cdf).pvalue > 1e-3
    assert kstest(values, norm.cdf).pvalue < 1e-6  # the test can tell them apart


@pytest.mark.slow
def test_no_outlier_occurs_in_a_vision_transformers_worth_of_weights():
    largest = max(trunc_normal((86_000_00,), 1.0, generator(seed)).abs().max().item() for seed in range(10))
    assert largest < 2.3


@pytest.mark.parametrize("shape", [(50, 80), (80, 50), (32, 8, 3, 3)])
def test_an_orthogonal_weight_is_an_isometry_of_its_smaller_side(shape):
    matrix = orthogonal(shape, 1.5, generator()).flatten(1).double()
    gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
    torch.testing.assert_close(gram, 1.5**2 * torch.eye(len(gram), dtype=torch.float64), atol=1e-5, rtol=0)


def test_query_times_key_is_near_the_identity_and_value_times_projection_near_its_negative():
    qkv, projection = draw_mimetic(64, 1, generator())
    query, key, value = (part.double() for part in qkv.chunk(3))
    noise = 0.7 / math.sqrt(64)
    assert ((query.T @ key).diagonal().mean().item()) == pytest.approx(0.7, abs=5 * noise / 8)
    assert ((value.T @ projection.double().T).diagonal().mean().item()) == pytest.approx(-0.4, abs=0.05)


def test_an_unknown_law_is_refused():
    with pytest.raises(HeadstartError, match="no law called 'xavier'"):
        law_std("xavier", FANS)


# Fans


def test_a_depthwise_kernel_meets_one_channel_each_way():
    layer = nn.Conv2d(32, 32, 3, groups=32)
    assert fans(layer.weight, layer) == Fans(9, 9)
    assert nn.init._calculate_fan_in_and_fan_out(layer.weight)[1] == 9 * 32  # what torch says


def test_grouped_and_strided_convolutions_count_what_a_value_meets():
    layer = nn.Conv2d(32, 64, 4, stride=2, groups=4)
    assert fans(layer.weight, layer) == Fans(8 * 16, 16 * 16 / 4)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_transposed_convolutions_fan_in_is_its_outputs_second_moment(stride):
    layer = nn.ConvTranspose2d(64, 16, 4, stride=stride, bias=False)
    nn.init.normal_(layer.weight, generator=generator())
    image = torch.randn(4, 64, 24, 24, generator=generator(1))
    inner = layer(image)[..., 6:-6, 6:-6]  # away from the border
    assert inner.square().mean().item() == pytest.approx(fans(layer.weight, layer).n_in, rel=0.05)


def test_stacked_matrices_are_counted_one_by_one():
    assert fans(torch.empty(3 * 64, 64), parts=3) == Fans(64, 64)


def test_a_vector_has_no_fans():
    with pytest.raises(HeadstartError, match="no fans"):
        fans(torch.empty(3))


# Recognising a law


@pytest.mark.parametrize("layer", [nn.Linear(64, 32), nn.Conv2d(16, 32, 3), nn.Linear(784, 256)])
def test_pytorchs_default_is_recognised_and_named(layer):
    assert is_default(layer.weight, fans(layer.weight, layer))
    assert "a=√5" in in_words(layer.weight, fans(layer.weight, layer))


@pytest.mark.parametrize("law", ["lecun_uniform", "kaiming_normal", "xavier_trunc_normal", "orthogonal"])
def test_other_laws_are_not_taken_for_pytorchs_default(law):
    assert not is_default(draw(law, SHAPE, FANS, generator()), FANS)
