"""Batch norm turned into other norms: what stays, what each new norm computes, and the way back."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import nn

import headstart as hs
from headstart import HeadstartError

KINDS = ["group", "layer", "instance", "sync", "frozen"]


def net():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 64, 3), nn.BatchNorm2d(64, eps=1e-3), nn.ReLU(), nn.Conv2d(64, 24, 1))
    model.append(nn.BatchNorm2d(24, momentum=None))
    for norm in (model[1], model[4]):
        nn.init.normal_(norm.weight)
        nn.init.normal_(norm.bias)
        norm.running_mean.normal_()
        norm.running_var.uniform_(0.5, 2)
    return model.double()


def values(norm):
    return {name: value.clone() for name, value in norm.state_dict().items()}


@pytest.mark.parametrize("to", KINDS)
def test_gain_and_bias_device_dtype_mode_and_shapes_stay(to):
    model = net()
    model[1].eval()
    old, x = model[1], torch.randn(2, 3, 9, 9).double()
    shape = model(x).shape
    model = hs.norm.convert(model, to=to).model
    new = model[1]
    assert torch.equal(new.weight, old.weight)
    assert torch.equal(new.bias, old.bias)
    assert new.eps == 1e-3
    assert [norm.training for norm in (new, model[4])] == [False, True]
    assert {value.dtype for value in (new.weight, new.bias)} == {torch.float64}
    assert model.eval()(x).shape == shape
    assert model(torch.randn(1, 3, 5, 7).double()).shape == (1, 24, 3, 5)


@pytest.mark.parametrize("to", ["group", "layer", "instance", "sync"])
def test_an_optimizer_made_before_goes_on_training_the_same_parameters(to):
    model = net()
    before = {id(p) for p in model.parameters()}
    hs.norm.convert(model, to=to)
    assert {id(p) for p in model.parameters()} == before


@pytest.mark.parametrize(
    ("norm", "groups"),
    [
        (nn.BatchNorm2d(64), 32),
        (nn.BatchNorm2d(48), 16),
        (nn.BatchNorm2d(24), 8),
        (nn.BatchNorm2d(32), 16),  # 32 groups would be instance norm
        (nn.BatchNorm2d(7), 1),
        (nn.BatchNorm2d(1), 1),
        (nn.BatchNorm3d(96), 32),
        (nn.BatchNorm1d(32), 2),
        (nn.BatchNorm1d(8), 1),
        (nn.BatchNorm1d(512), 32),
        (nn.BatchNorm1d(25), 1),
    ],
    ids=str,
)
def test_auto_groups_divide_the_channels_and_never_hold_a_single_one(norm, groups):
    model = hs.norm.convert(nn.Sequential(norm), to="group").model
    assert model[0].num_groups == groups


def test_auto_groups_do_not_silence_features_without_a_spatial_axis():
    model = hs.norm.convert(nn.Sequential(nn.BatchNorm1d(32)), to="group").model
    assert model(torch.randn(4, 32)).std() > 0.5  # gcd(32, C) groups of one value each would give 0 throughout


def test_group_norm_of_one_sample_does_not_depend_on_the_others():
    model = hs.norm.convert(net(), to="group").model.train()
    x = torch.randn(4, 3, 9, 9).double()
    torch.testing.assert_close(model(x)[:1], model(x[:1]))


def test_layer_norm_is_over_all_channels_of_a_sample():
    model = hs.norm.convert(nn.Sequential(nn.BatchNorm1d(10)), to="layer").model
    x = torch.randn(4, 10)
    torch.testing.assert_close(model(x), nn.functional.layer_norm(x, (10,)))


def test_instance_norm_behind_a_linear_layer_is_refused_where_torch_would_mix_samples():
    model = hs.norm.convert(nn.Sequential(nn.BatchNorm1d(4)), to="instance").model
    assert model(torch.randn(2, 4, 8)).shape == (2, 4, 8)
    with pytest.raises(HeadstartError, match=r"inputs of shape \(4, 4\), which hold one value per sample and channel"):
        model(torch.randn(4, 4))


def test_a_frozen_net_computes_what_evaluation_computed_and_cannot_change():
    model, x = net(), torch.randn(2, 3, 9, 9).double()
    expected = model.eval()(x)
    hs.norm.convert(model, to="frozen")
    before = values(model[1])
    torch.testing.assert_close(model.train()(x), expected)
    torch.testing.assert_close(values(model[1]), before)
    assert [name for name, _ in model.named_parameters()] == ["0.weight", "0.bias", "3.weight", "3.bias"]


@pytest.mark.parametrize("to", ["sync", "frozen"])
def test_sync_and_frozen_keep_the_state_dict(to):
    model = net()
    before = values(model)
    hs.norm.convert(model, to=to)
    torch.testing.assert_close(values(model), before, rtol=0, atol=0)
    net().load_state_dict(model.state_dict())


def test_sync_keeps_momentum_and_missing_statistics():
    model = nn.Sequential(nn.BatchNorm2d(4, momentum=None), nn.BatchNorm2d(4, track_running_stats=False, affine=False))
    hs.norm.convert(model, to="sync")
    assert model[0].momentum is None
    assert model[1].running_mean is None
    assert model[1].weight is None


@pytest.mark.parametrize("to", KINDS)
def test_undo_gives_back_the_modules_and_what_they_computed(to):
    model, x = net().eval(), torch.randn(2, 3, 9, 9).double()
    modules, before, expected = list(model), values(model), model(x)
    report = hs.norm.convert(model, to=to)
    assert report.undo() is model
    assert [a is b for a, b in zip(model, modules, strict=True)] == [True] * 5
    torch.testing.assert_close(values(model), before, rtol=0, atol=0)
    torch.testing.assert_close(model(x), expected, rtol=0, atol=0)


def test_undo_keeps_what_was_trained_meanwhile_and_follows_dtype():
    model = net()
    report = hs.norm.convert(model, to="group")
    with torch.no_grad():
        model[1].weight.fill_(3.0)
    report.model.float()
    model = report.undo()
    assert model[1].weight.unique().tolist() == [3.0]
    assert {value.dtype for value in (model[1].weight, model[1].running_var)} == {torch.float32}
    with pytest.raises(HeadstartError, match="1 is no longer the module that this report put there"):
        report.undo()


def test_a_norm_in_two_places_becomes_one_norm_in_two_places():
    shared = nn.BatchNorm2d(8)
    model = nn.ModuleDict({"a": nn.Sequential(shared), "b": nn.Sequential(shared), "c": nn.BatchNorm2d(8)})
    report = hs.norm.convert(model, to="group")
    assert model["a"][0] is model["b"][0]
    assert model["a"][0] is not model["c"]
    assert [change.layer for change in report.changed] == ["a.0", "c"]
    report.undo()
    assert model["a"][0] is model["b"][0] is shared


def test_a_model_that_is_a_batch_norm_itself():
    model = nn.BatchNorm2d(8)
    report = hs.norm.convert(model, to="group")
    assert isinstance(report.model, nn.GroupNorm)
    assert "(the model)  BatchNorm2d(8)  GroupNorm(4, 8)" in str(report)
    assert report.undo() is model


def test_on_the_meta_device_nothing_is_materialised():
    with torch.device("meta"):
        model = nn.Sequential(nn.BatchNorm2d(8))
    for to in KINDS:
        model = hs.norm.convert(copy.deepcopy(model), to=to).model
        assert {tensor.device.type for tensor in model.state_dict().values()} == {"meta"}


class WithActivation(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


def test_what_cannot_be_replaced_without_loss_is_kept_and_says_why():
    hooked = nn.BatchNorm2d(8)
    hooked.register_forward_hook(lambda *_: None)
    parametrised = nn.BatchNorm2d(8)
    nn.utils.parametrize.register_parametrization(parametrised, "weight", nn.Identity())
    model = nn.Sequential(WithActivation(8), hooked, parametrised, nn.LazyBatchNorm2d(), nn.BatchNorm2d(8))
    report = hs.norm.convert(model, to="group")
    assert [kept.because for kept in report.kept] == [
        "WithActivation has a forward of its own",
        "it has hooks, which would be lost",
        "it is parametrised",
        "its shape is not known yet: run the model on a batch once",
    ]
    assert [change.layer for change in report.changed] == ["4"]
    text = str(report)
    assert text.startswith("converted batch norm to group norm · 1 changed, 4 kept")
    assert "0     WithActivation(8)" in text


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"to": "batch"}, r"to is 'batch'\n  Choose one of group, layer, instance, sync, frozen"),
        (
            {"to": "group", "groups": 5},
            r"groups is 5, which does not divide the 64 channels of 1\n  Choose one of 1, 2",
        ),
        ({"to": "group", "groups": 0}, "groups is 0"),
    ],
)
def test_bad_arguments_are_refused_and_nothing_is_changed(options, message):
    model = net()
    with pytest.raises(HeadstartError, match=message):
        hs.norm.convert(model, **options)
    assert isinstance(model[1], nn.BatchNorm2d)
