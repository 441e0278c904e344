"""Running statistics over a whole set, against the set's own moments in NumPy and against one batch of everything."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
import torch.distributed as dist
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.optim.swa_utils import update_bn

import headstart as hs
from headstart import HeadstartError
from headstart.prepare.norm import Moments

METHODS = ["one-pass", "layerwise"]


def images(n=60, seed=0):
    """Smooth images: each has a brightness of its own, so that its pixels are alike."""
    g = torch.Generator().manual_seed(seed)
    return torch.randn(n, 3, 1, 1, generator=g) * 2 + torch.randn(n, 3, 6, 6, generator=g) + 5


def deep_net():
    torch.manual_seed(1)
    layers = [nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Conv2d(8, 8, 3), nn.BatchNorm2d(8), nn.Tanh()]
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32, 4), nn.BatchNorm1d(4)).double()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sizes", [[60], [30, 30], [7] * 8 + [4], [2] * 30])
def test_first_norm_gets_the_moments_of_the_set_however_it_is_split(method, sizes):
    x = images().double()
    net = nn.Sequential(nn.BatchNorm2d(3)).double()
    hs.norm.recalibrate(net, x.split(sizes), method=method)
    pixels = x.numpy().transpose(0, 2, 3, 1).reshape(-1, 3)
    np.testing.assert_allclose(net[0].running_mean, pixels.mean(0), rtol=1e-12)
    np.testing.assert_allclose(net[0].running_var, pixels.var(0), rtol=1e-12)


@pytest.mark.parametrize("size", [1, 7, 60])
def test_layerwise_evaluates_as_training_on_the_whole_set_at_once(size):
    net, x = deep_net(), images().double()
    hs.norm.recalibrate(net, x.split(size), method="layerwise")
    torch.testing.assert_close(net.eval()(x), copy.deepcopy(net).train()(x), rtol=1e-10, atol=1e-10)


def test_one_pass_on_small_batches_is_inexact_in_deeper_norms_and_layerwise_is_not():
    x = images().double()
    whole = deep_net()
    hs.norm.recalibrate(whole, [x])
    gaps = {}
    for method in METHODS:
        net = deep_net()
        hs.norm.recalibrate(net, x.split(3), method=method)
        gaps[method] = (net[8].running_var / whole[8].running_var - 1).abs().max().item()
    assert gaps["layerwise"] < 1e-10
    assert gaps["one-pass"] > 0.02


def test_update_bn_is_biased_on_small_batches_of_images_whose_pixels_are_alike():
    x = images(4000).double()
    true = x.numpy().transpose(0, 2, 3, 1).reshape(-1, 3).var(0)
    net = nn.Sequential(nn.BatchNorm2d(3)).double()
    update_bn(x.split(4), net)
    # within a batch of B images, the variance between them (4 of 5) comes out (B - 1)/B of what it is
    np.testing.assert_allclose(net[0].running_var, 4 * 3 / 4 + 1, rtol=0.05)
    hs.norm.recalibrate(net, x.split(4))
    np.testing.assert_allclose(net[0].running_var, true, rtol=1e-12)


def test_update_bn_counts_a_small_last_batch_as_a_full_one_and_we_do_not():
    x = torch.cat([torch.zeros(8, 1), torch.tensor([[9.0], [11.0]])])
    net = nn.Sequential(nn.BatchNorm1d(1))
    update_bn(x.split(8), net)
    assert net[0].running_mean.item() == pytest.approx(5.0)
    hs.norm.recalibrate(net, x.split(8))
    assert net[0].running_mean.item() == pytest.approx(2.0)


def test_dropout_is_off_while_measuring_which_update_bn_leaves_on():
    torch.manual_seed(0)
    x = torch.randn(4000, 2).double()
    net = nn.Sequential(nn.Dropout(0.5), nn.BatchNorm1d(2)).double()
    update_bn([x], net)
    assert net[1].running_var.mean().item() == pytest.approx(2.0, rel=0.1)  # 1/(1 - p)
    hs.norm.recalibrate(net, [x])
    np.testing.assert_allclose(net[1].running_var, x.numpy().var(0), rtol=1e-12)


class Twice(nn.Module):
    """One batch norm, used on the input and on a shifted input."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(2)
        self.again = self.norm

    def forward(self, x):
        return self.norm(x) + self.again(10 - 2 * x)


@pytest.mark.parametrize("method", METHODS)
def test_a_norm_used_twice_gets_the_moments_of_all_its_inputs(method):
    x = torch.randn(50, 2).double()
    net = Twice().double()
    report = hs.norm.recalibrate(net, x.split(10), method=method)
    every = np.concatenate([x, 10 - 2 * x])
    np.testing.assert_allclose(net.norm.running_mean, every.mean(0), rtol=1e-12)
    np.testing.assert_allclose(net.norm.running_var, every.var(0), rtol=1e-12)
    assert [change.layer for change in report.changed] == ["norm"]


@pytest.mark.parametrize("method", METHODS)
def test_modes_parameters_and_counters_stay_and_undo_restores_the_statistics(method):
    net = deep_net()
    net[1].eval()
    before = copy.deepcopy(net)
    report = hs.norm.recalibrate(net, images().double().split(20), method=method)
    assert [m.training for m in net.modules()] == [m.training for m in before.modules()]
    assert all(m.track_running_stats for m in net.modules() if isinstance(m, nn.BatchNorm2d))
    assert not any(m._forward_pre_hooks for m in net.modules())
    changed = {k for k, v in net.state_dict().items() if not torch.equal(v, before.state_dict()[k])}
    assert changed == {f"{i}.running_{what}" for i in (1, 4, 8) for what in ("mean", "var")}
    assert report.undo() is net
    torch.testing.assert_close(net.state_dict(), before.state_dict(), rtol=0, atol=0)


@pytest.mark.parametrize("batch", [lambda x: (x, 0), lambda x: [x], lambda x: {"input": x}, lambda x: x])
def test_a_batch_may_be_the_input_or_begin_with_it_or_name_it(batch):
    x, net = torch.randn(20, 2), nn.Sequential(nn.BatchNorm1d(2))
    hs.norm.recalibrate(net, [batch(x)])
    torch.testing.assert_close(net[0].running_mean, x.mean(0))


def test_forward_runs_the_model_on_any_other_kind_of_batch():
    x, net = torch.randn(20, 2), nn.Sequential(nn.BatchNorm1d(2))
    hs.norm.recalibrate(net, [{"image": x, "label": 0}], forward=lambda batch: net(batch["image"]))
    torch.testing.assert_close(net[0].running_mean, x.mean(0))


def test_batches_ends_the_pass_early():
    x = torch.arange(8.0).reshape(8, 1)
    net = nn.Sequential(nn.BatchNorm1d(1))
    hs.norm.recalibrate(net, x.split(2), batches=2)
    assert net[0].running_mean.item() == 1.5


def test_report_says_how_far_the_statistics_were_off():
    net = nn.Sequential(nn.BatchNorm1d(1))
    x = torch.tensor([[1.0], [5.0]])  # mean 3, variance 4: its mean is 1.5 σ away from 0
    text = str(hs.norm.recalibrate(net, [x]))
    assert "recalibrated batch norm, one-pass · 1 changed, 0 kept" in text
    assert "mean 0, var 1" in text
    assert "mean 3, var 4" in text
    assert "off by up to 1.5 σ, variances ×4 to ×4" in text


def test_norms_that_no_batch_reaches_or_that_track_nothing_are_named():
    net = nn.ModuleDict({"used": nn.BatchNorm1d(1), "idle": nn.BatchNorm1d(1)})
    net["bare"] = nn.BatchNorm1d(1, track_running_stats=False)
    report = hs.norm.recalibrate(net, [torch.randn(4, 1)], forward=net["used"])
    assert [(k.layer, k.because) for k in report.kept] == [
        ("idle", "no batch reached it"),
        ("bare", "it keeps no running statistics"),
    ]


@pytest.mark.parametrize(
    ("loader", "options", "message"),
    [
        ([], {}, "the loader gave no batch"),
        ([torch.full((4, 2), torch.nan)], {}, "the inputs of 0 are not all finite"),
        ([torch.ones(1, 2)], {}, "batch 0 gives a batch norm one value per channel"),
        (iter([torch.ones(4, 2)]), {"method": "layerwise"}, "can be gone through only once"),
        ([torch.ones(4, 2)], {"method": "exact"}, "method is 'exact'"),
    ],
)
def test_what_cannot_be_measured_is_refused_and_nothing_is_changed(loader, options, message):
    net = nn.Sequential(nn.BatchNorm1d(2))
    before = copy.deepcopy(net.state_dict())
    with pytest.raises(HeadstartError, match=message):
        hs.norm.recalibrate(net, loader, **options)
    torch.testing.assert_close(net.state_dict(), before, rtol=0, atol=0)
    assert net[0].training
    assert net[0].track_running_stats


parts = st.lists(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=5), min_size=1, max_size=6)


@settings(deadline=None, max_examples=50)
@given(parts, st.randoms())
def test_merging_in_any_order_gives_the_moments_of_the_whole(values, random):
    moments = [Moments.of(torch.tensor(v, dtype=torch.float64)[:, None]) for v in values]
    while len(moments) > 1:
        a = moments.pop(random.randrange(len(moments)))
        b = moments.pop(random.randrange(len(moments)))
        moments.append(a.merge(b))
    whole = np.concatenate(values)
    assert moments[0].count == len(whole)
    np.testing.assert_allclose(moments[0].mean[0], whole.mean(), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(moments[0].var[0], whole.var(), rtol=1e-9, atol=1e-6)


def test_merging_survives_a_mean_a_hundred_million_times_the_deviation():
    x = torch.randn(1000, 1, dtype=torch.float64) + 1e8
    merged = Moments.of(x[:300]).merge(Moments.of(x[300:]))
    assert merged.var.item() == pytest.approx(x.numpy().var(), rel=1e-6)


def rank(number, store, results):
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=number, world_size=2)
    net = nn.Sequential(nn.BatchNorm2d(3)).double()
    x = images().double()[:20] if number == 0 else images().double()[20:]
    hs.norm.recalibrate(net, x.split(10), across_ranks=True)
    results[number] = net[0].running_var.tolist()
    dist.destroy_process_group()


@pytest.mark.slow
def test_ranks_with_different_shares_of_the_set_end_with_its_moments(tmp_path):
    context = torch.multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        results = manager.dict()
        torch.multiprocessing.spawn(rank, (str(tmp_path / "store"), results), nprocs=2)
        expected = images().double().numpy().transpose(0, 2, 3, 1).reshape(-1, 3).var(0)
        np.testing.assert_allclose(results[0], expected, rtol=1e-12)
        assert results[0] == results[1]
