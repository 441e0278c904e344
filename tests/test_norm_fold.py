"""Folded nets compute what they computed, and only pairs that the data flow shows are folded."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import headstart as hs
from headstart import HeadstartError


def ready(model):
    """Evaluation mode, float64, with norms that do something."""
    torch.manual_seed(0)
    for norm in model.modules():
        if isinstance(norm, nn.modules.batchnorm._BatchNorm) and norm.running_mean is not None:
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.1, 3)
            if norm.affine:
                nn.init.normal_(norm.weight)
                nn.init.normal_(norm.bias)
    return model.double().eval()


LAYERS = [
    (nn.Conv1d(4, 6, 3, padding=1), nn.BatchNorm1d(6), (2, 4, 9)),
    (nn.Conv2d(4, 6, 3, padding=1, bias=False), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    (nn.Conv2d(4, 6, 3, groups=2, padding=2, padding_mode="reflect"), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    (nn.Conv2d(6, 6, 3, groups=6, dilation=2), nn.BatchNorm2d(6, eps=0.1), (2, 6, 9, 8)),
    (nn.Conv3d(4, 6, 2), nn.BatchNorm3d(6, affine=False), (2, 4, 5, 5, 5)),
    (nn.ConvTranspose1d(4, 6, 3), nn.BatchNorm1d(6), (2, 4, 9)),
    (nn.ConvTranspose2d(4, 6, 3, stride=2), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    (nn.ConvTranspose2d(4, 6, 3, groups=2, bias=False), nn.BatchNorm2d(6), (2, 4, 9, 8)),
    (nn.ConvTranspose3d(4, 8, 2, groups=4), nn.BatchNorm3d(8), (2, 4, 5, 5, 5)),
    (nn.Linear(4, 6), nn.BatchNorm1d(6), (3, 4)),
    (nn.Linear(4, 6, bias=False), nn.BatchNorm1d(6), (3, 4)),
    (nn.Conv2d(4, 6, 1), nn.SyncBatchNorm(6), (2, 4, 3, 3)),
]


@pytest.mark.parametrize(("layer", "norm", "shape"), LAYERS, ids=str)
def test_layer_and_norm_become_one_layer_of_the_same_function_and_back(layer, norm, shape):
    model, x = ready(nn.Sequential(layer, norm)), torch.randn(shape).double()
    expected, state = model(x), {name: value.clone() for name, value in model.state_dict().items()}
    report = hs.norm.fold(model, x)
    assert [type(module) for module in model] == [type(layer), nn.Identity]
    torch.testing.assert_close(model(x), expected, rtol=1e-12, atol=1e-12)
    assert report.undo() is model
    torch.testing.assert_close(dict(model.state_dict()), state, rtol=0, atol=0)
    assert torch.equal(model(x), expected)


class Residual(nn.Module):
    """Its modules stand in another order than they are called, and `conv` feeds two consumers."""

    def __init__(self):
        super().__init__()
        self.norm2, self.norm1, self.norm3 = nn.BatchNorm2d(8), nn.BatchNorm2d(8), nn.BatchNorm2d(8)
        self.stem, self.conv, self.last = nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def forward(self, x):
        x = self.norm1(self.stem(x)).relu()
        y = self.conv(x)
        return self.norm3(self.last(self.norm2(y) + y))


@pytest.mark.parametrize("with_batch", [False, True])
def test_pairs_come_from_the_data_flow_and_not_from_the_order_of_modules(with_batch):
    model, x = ready(Residual()), torch.randn(2, 3, 8, 8).double()
    expected = model(x)
    report = hs.norm.fold(model, x if with_batch else None)
    assert {change.layer: change.note for change in report.changed} == {
        "norm1": "folded into stem",
        "norm3": "folded into last",
    }
    assert [(kept.layer, kept.because) for kept in report.kept] == [("norm2", "conv feeds other layers as well")]
    torch.testing.assert_close(model(x), expected, rtol=1e-12, atol=1e-12)


class Calls(nn.Module):
    """Layers and norms under the names that `forward` wants."""

    def __init__(self, forward, **modules):
        super().__init__()
        for name, module in modules.items():
            setattr(self, name, module)
        self.run = forward

    def forward(self, x):
        return self.run(self, x)


def conv(**options):
    return nn.Conv2d(4, 4, 1, **options)


def hooked(layer):
    layer.register_forward_hook(lambda *_: None)
    return layer


KEPT = {
    "output is returned": (
        Calls(lambda m, x: (m.norm(y := m.conv(x)), y), conv=conv(), norm=nn.BatchNorm2d(4)),
        "conv feeds other layers as well",
    ),
    "layer is called twice": (
        Calls(lambda m, x: m.norm(m.conv(m.conv(x))), conv=conv(), norm=nn.BatchNorm2d(4)),
        "conv is called 2 times",
    ),
    "norm is called twice": (
        Calls(lambda m, x: m.norm(m.norm(m.conv(x))), conv=conv(), norm=nn.BatchNorm2d(4)),
        "it is called 2 times",
    ),
    "norm is not called": (Calls(lambda m, x: m.conv(x), conv=conv(), norm=nn.BatchNorm2d(4)), "it is not called"),
    "activation between": (
        Calls(lambda m, x: m.norm(m.conv(x).relu()), conv=conv(), norm=nn.BatchNorm2d(4)),
        "it reads relu, not a linear or convolution layer",
    ),
    "in-place activation between": (
        Calls(lambda m, x: m.norm(nn.functional.relu_(m.conv(x))), conv=conv(), norm=nn.BatchNorm2d(4)),
        "it reads relu_, not a linear or convolution layer",
    ),
    "norm comes first": (
        Calls(lambda m, x: m.conv(m.norm(x)), conv=conv(), norm=nn.BatchNorm2d(4)),
        "it reads input, not a linear or convolution layer",
    ),
    "weight is read elsewhere": (
        Calls(lambda m, x: m.norm(m.conv(x)) + m.conv.weight.sum(), conv=conv(), norm=nn.BatchNorm2d(4)),
        "conv shares its parameters",
    ),
    "layer has hooks": (
        Calls(lambda m, x: m.norm(m.conv(x)), conv=hooked(conv()), norm=nn.BatchNorm2d(4)),
        "conv: it has hooks, which would be lost",
    ),
    "norm has no statistics": (
        Calls(lambda m, x: m.norm(m.conv(x)), conv=conv(), norm=nn.BatchNorm2d(4, track_running_stats=False)),
        "it keeps no running statistics",
    ),
}


@pytest.mark.parametrize("with_batch", [False, True])
@pytest.mark.parametrize("case", KEPT)
def test_a_norm_is_kept_where(case, with_batch):
    model, because = KEPT[case]
    x = torch.randn(2, 4, 5, 5).double()
    expected = ready(model)(x)
    report = hs.norm.fold(model, x if with_batch else None)
    assert not report.changed
    assert [kept.because for kept in report.kept] == [because]
    torch.testing.assert_close(model(x), expected, rtol=0, atol=0)


def test_layers_with_a_tied_weight_are_kept():
    model = ready(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Linear(4, 4)))
    model[2].weight = model[0].weight
    report = hs.norm.fold(model, torch.randn(3, 4).double())
    assert [kept.because for kept in report.kept] == ["0 shares its parameters"]


def test_a_standardised_weight_is_kept():
    model = ready(nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4)))
    hs.norm.weight_standardize(model)
    for batch in (None, torch.randn(1, 4, 5, 5).double()):
        assert not hs.norm.fold(model, batch).changed


def test_behind_a_linear_layer_batch_norm_on_sequences_normalises_another_axis():
    model = ready(nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6)))
    sequences = torch.randn(2, 6, 4).double()  # length 6: as many positions as features
    expected = model(sequences)
    report = hs.norm.fold(model, sequences)
    assert [kept.because for kept in report.kept] == ["on 3 axes its channels are not those of the layer before"]
    assert torch.equal(model(sequences), expected)
    assert "pass a batch, which shows the shape" in hs.norm.fold(model).kept[0].because


def test_a_frozen_norm_folds():
    model, x = ready(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))), torch.randn(2, 3, 5, 5).double()
    expected = hs.norm.convert(model, to="frozen").model(x)
    assert len(hs.norm.fold(model).changed) == 1
    torch.testing.assert_close(model(x), expected, rtol=1e-12, atol=1e-12)


def test_control_flow_that_reads_the_data_needs_a_batch():
    model = ready(Calls(lambda m, x: m.norm(m.conv(x)) if x.sum() > -1e9 else x, conv=conv(), norm=nn.BatchNorm2d(4)))
    with pytest.raises(HeadstartError, match=r"torch.fx cannot trace Calls: .*\n  Pass a batch as well"):
        hs.norm.fold(model)
    assert len(hs.norm.fold(model, torch.randn(2, 4, 5, 5).double()).changed) == 1


def hidden(x):
    """The same values, read in a way that no torch function shows."""
    return torch.utils.dlpack.from_dlpack(torch._C._to_dlpack(x)).clone()


def test_a_fold_that_changes_the_outputs_after_all_is_undone():
    model = ready(Calls(lambda m, x: m.norm(y := m.conv(x)) * hidden(y), conv=conv(), norm=nn.BatchNorm2d(4)))
    x = torch.arange(16.0).reshape(1, 4, 2, 2).double()
    expected = model(x)
    with pytest.raises(HeadstartError, match="the folded model's outputs differ by"):
        hs.norm.fold(model, x)
    assert isinstance(model.norm, nn.BatchNorm2d)
    assert torch.equal(model(x), expected)


def test_a_training_model_is_refused():
    with pytest.raises(HeadstartError, match=r"1 is in training mode.*\n  Call model.eval\(\) first"):
        hs.norm.fold(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))


def test_half_precision_is_folded_in_float64_and_rounded_once():
    model = ready(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    exact = ready(nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)))
    model.bfloat16()
    exact.load_state_dict({name: value.double() for name, value in model.state_dict().items()})
    hs.norm.fold(model)
    hs.norm.fold(exact)
    assert model[0].weight.dtype == torch.bfloat16
    assert torch.equal(model[0].weight, exact[0].weight.bfloat16())
