"""SimpleNet and what its weights do to a signal."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

import headstart as hs
from headstart.train.models import ACTIVATIONS, GAINS, INITS, NORMS


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_it_is_the_textbooks_network():
    model = hs.models.SimpleNet()
    kinds = [type(module).__name__ for module in model.children()]
    assert kinds == ["Linear", "BatchNorm1d", "ReLU", "Linear"]
    assert [tuple(parameter.shape) for parameter in model.parameters()] == [
        (256, 784),
        (256,),
        (256,),
        (10, 256),
        (10,),
    ]


def test_it_takes_images_of_any_shape():
    model = hs.models.SimpleNet(classes=7)
    assert model(torch.rand(5, 28, 28)).shape == (5, 7)
    assert torch.equal(model.eval()(torch.ones(5, 1, 28, 28)), model(torch.ones(5, 784)))


def test_kaiming_keeps_the_second_moment_through_relu():
    """E[relu(Wx)²] = E[x²], He et al. 2015, eq. 9 and 10."""
    model = hs.models.SimpleNet(width=4096, norm="none")
    x = torch.randn(512, 784)
    assert model.activation(model.hidden(x)).square().mean().item() == pytest.approx(1.0, rel=0.02)


def test_kaiming_gives_the_output_the_size_of_its_input():
    """Nothing follows the logits, so their gain is 1, not ReLU's √2: the initial loss stays near log(classes)."""
    model = hs.models.SimpleNet(width=4096, norm="none", classes=1000)
    hidden = torch.randn(64, 4096)
    assert model.output(hidden).square().mean().item() == pytest.approx(1.0, rel=0.05)


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "tanh", "sigmoid"])
def test_gains_are_torchs(activation):
    param = 0.01 if activation == "leaky_relu" else None
    assert GAINS[activation] == pytest.approx(nn.init.calculate_gain(activation, param))


def test_every_activation_has_a_gain():
    assert set(ACTIVATIONS) < set(GAINS)


def test_xavier_is_glorots_variance():
    weight = hs.models.SimpleNet(init="xavier", width=1000).hidden.weight
    assert weight.std().item() == pytest.approx(math.sqrt(2 / (784 + 1000)), rel=0.01)


@pytest.mark.parametrize(("init", "size"), [("large", 28.0), ("small", 0.028)])
def test_large_and_small_weights_scale_the_signal_by_the_root_of_fan_in(init, size):
    model = hs.models.SimpleNet(init=init, norm="none", width=2048)
    assert model.hidden(torch.randn(256, 784)).std().item() == pytest.approx(size, rel=0.02)


def test_zero_weights_make_all_units_the_same():
    model = hs.models.SimpleNet(init="zero", norm="none")
    assert all(not parameter.any() for parameter in model.parameters())


def test_default_leaves_torchs_own_weights():
    model = hs.models.SimpleNet(init="default", norm="none")
    torch.manual_seed(0)
    assert torch.equal(model.hidden.weight, nn.Linear(784, 256).weight)


def test_biases_start_at_zero_and_are_left_out_before_batch_norm():
    assert hs.models.SimpleNet().hidden.bias is None
    assert not hs.models.SimpleNet(norm="layer").hidden.bias.any()
    assert not hs.models.SimpleNet().output.bias.any()


@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("init", INITS)
def test_every_choice_trains(init, activation, norm):
    model = hs.models.SimpleNet(8, activation, norm, init, inputs=6)
    loss = nn.functional.cross_entropy(model(torch.randn(4, 6)), torch.tensor([0, 1, 2, 3]))
    loss.backward()
    assert loss.isfinite()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"init": "kaimming"}, "There is no init 'kaimming'; did you mean 'kaiming'"),
        ({"norm": "Batch"}, "did you mean 'batch'"),
        ({"activation": "ReLu"}, "did you mean 'relu'"),
        ({"activation": "xyz"}, r"no activation 'xyz'\n  Give one of 'relu'"),
    ],
)
def test_unknown_names_show_the_nearest(options, message):
    with pytest.raises(hs.HeadstartError, match=message):
        hs.models.SimpleNet(**options)
