"""Where norms stand relative to activations, moving them, and weight standardisation."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import headstart as hs
from headstart import HeadstartError


class Mixed(nn.Module):
    """Five ways to place a norm, in modules and in functions."""

    def __init__(self):
        super().__init__()
        self.fc = nn.ModuleList(nn.Linear(8, 8) for _ in range(5))
        self.norm = nn.ModuleList(
            [nn.BatchNorm1d(8), nn.LayerNorm(8), nn.GroupNorm(2, 8), nn.RMSNorm(8), nn.LayerNorm(8)]
        )

    def forward(self, x):
        x = F.relu(self.norm[0](self.fc[0](x)))  # before
        x = self.norm[1](F.dropout(torch.tanh(self.fc[1](x)), 0.1, self.training))  # after, past a dropout
        x = self.norm[2](self.fc[2](x).relu()).flatten(1).sigmoid()  # between
        x = x + self.fc[3](self.norm[3](x))  # reads the sigmoid: after
        return self.fc[4](self.norm[4](x))  # apart: a sum before, a linear layer behind


def test_norms_are_placed_by_what_is_computed_and_not_by_how_it_is_written():
    report = hs.norm.place(Mixed(), torch.randn(4, 8))
    assert [(row.layer, row.where) for row in report.rows] == [
        ("norm.0", "before"),
        ("norm.1", "after"),
        ("norm.2", "between"),
        ("norm.3", "after"),
        ("norm.4", "apart"),
    ]
    assert (report.rows[4].reads, report.rows[4].feeds) == ("add", "fc.4 Linear")
    assert str(report).startswith("norm and activation · 1 before, 2 after, 1 between, 1 apart · 0 moved")


def test_pooling_between_norm_and_activation_does_not_hide_it():
    net = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.GELU())
    row = hs.norm.place(net, torch.randn(1, 3, 8, 8)).rows[0]
    assert (row.reads, row.feeds, row.where) == ("0 Conv2d", "3 GELU", "before")
    functional = lambda m, x: F.silu(F.max_pool2d(m[1](m[0](x)), 2))  # noqa: E731
    net.forward = functional.__get__(net)
    assert hs.norm.place(net, torch.randn(1, 3, 8, 8)).rows[0].where == "before"


def test_looking_changes_nothing():
    net = Mixed()
    state, flags = copy.deepcopy(net.state_dict()), [m.training for m in net.modules()]
    torch.manual_seed(0)
    expected = torch.rand(1)
    torch.manual_seed(0)
    hs.norm.place(net, torch.ones(4, 8))
    assert torch.equal(torch.rand(1), expected)
    torch.testing.assert_close(net.state_dict(), state, rtol=0, atol=0)
    assert flags == [m.training for m in net.modules()]
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules())


def sequential():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 8), nn.ReLU(), nn.BatchNorm1d(8))


@pytest.mark.parametrize(
    ("to", "kinds"),
    [
        ("before", ["Linear", "BatchNorm1d", "ReLU", "Linear", "BatchNorm1d", "ReLU"]),
        ("after", ["Linear", "ReLU", "BatchNorm1d", "Linear", "ReLU", "BatchNorm1d"]),
    ],
)
def test_neighbours_in_a_sequential_change_places_and_back(to, kinds):
    net, x = sequential().eval(), torch.randn(4, 8)
    before = list(net)
    report = hs.norm.place(net, x, to=to)
    assert [type(module).__name__ for module in net] == kinds
    assert [row.where for row in report.rows] == [to, to]
    assert len(report.moved) == 1
    assert [row.where for row in hs.norm.place(net, x).rows] == [to, to]
    assert report.undo() is net
    assert all(a is b for a, b in zip(net, before, strict=True))


def test_a_moved_norm_sees_what_the_activation_saw():
    net = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(3))
    hs.norm.place(net, torch.randn(4, 3), to="before")
    x = torch.randn(64, 3) * 5 + 7
    torch.testing.assert_close(net(x), torch.relu(F.batch_norm(x, None, None, training=True)))
    assert "0 and 1 have changed places" in str(hs.norm.place(net, torch.randn(4, 3), to="after"))


def test_what_cannot_be_moved_soundly_is_kept_and_says_why():
    report = hs.norm.place(Mixed(), torch.randn(4, 8), to="before")
    assert not report.moved
    assert [row.note for row in report.rows] == [
        "",
        "kept: its activation is no module right beside it",
        "kept: it stands between",
        "kept: its activation is no module right beside it",
        "kept: it stands apart",
    ]


def test_an_activation_that_is_used_twice_stays():
    act = nn.ReLU()
    net = nn.Sequential(nn.Linear(8, 8), act, nn.BatchNorm1d(8), nn.Linear(8, 8), act)
    report = hs.norm.place(net, torch.randn(4, 8), to="before")
    assert [row.note for row in report.rows] == ["kept: it or its activation is called several times"]


class Tapped(nn.Module):
    """The activation's output is also returned."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.ReLU(), nn.BatchNorm1d(8))

    def forward(self, x):
        y = self.body[0](x)
        return self.body[1](y) + y


def test_an_activation_that_feeds_something_else_stays():
    report = hs.norm.place(Tapped(), torch.randn(4, 8), to="before")
    assert [row.note for row in report.rows] == ["kept: something else reads what goes from one to the other"]


@pytest.mark.parametrize(
    ("batch", "to", "message"),
    [
        (torch.randn(4, 8), "left", "to is 'left'"),
        (torch.randn(4, 9), None, "Sequential cannot be run on the batch: mat1 and mat2"),
    ],
)
def test_bad_arguments_are_refused(batch, to, message):
    with pytest.raises(HeadstartError, match=message):
        hs.norm.place(sequential(), batch, to=to)


def test_standardised_filters_have_mean_zero_and_variance_one_or_one_over_fan_in():
    for scaled, variance in ((False, 1.0), (True, 1 / 45)):
        net = nn.Sequential(nn.Conv2d(10, 6, 3, groups=2)).double()
        nn.init.normal_(net[0].weight, 3.0, 2.0)
        hs.norm.weight_standardize(net, scaled=scaled, eps=0.0)
        filters = net[0].weight.flatten(1)
        torch.testing.assert_close(filters.mean(1), torch.zeros(6).double(), atol=1e-14, rtol=0)
        torch.testing.assert_close(filters.var(1, correction=0), torch.full((6,), variance).double())


def test_scaled_standardisation_keeps_the_variance_of_the_signal():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(64, 256, 3, bias=False))
    nn.init.normal_(net[0].weight, 0.5, 0.1)
    hs.norm.weight_standardize(net, scaled=True)
    assert net(torch.randn(8, 64, 12, 12)).var().item() == pytest.approx(1.0, rel=0.05)


def test_standardisation_trains_through_the_same_parameter_and_passes_gradcheck():
    net = nn.Sequential(nn.Conv2d(2, 2, 2)).double()
    weight = net[0].weight
    hs.norm.weight_standardize(net)
    assert net[0].parametrizations.weight.original is weight
    net(torch.randn(1, 2, 3, 3).double()).square().sum().backward()
    # adding a constant to a filter, or (but for ε) scaling it, changes nothing
    assert weight.grad.sum((1, 2, 3)).abs().max() < 1e-12
    assert torch.autograd.gradcheck(hs.norm.WeightStandardization(), weight.detach().clone().requires_grad_())


def test_undo_leaves_the_weight_as_trained():
    net = nn.Sequential(nn.Conv2d(2, 2, 2), nn.ReLU())
    weight = net[0].weight
    report = hs.norm.weight_standardize(net)
    with torch.no_grad():
        weight.mul_(2)
    assert report.undo() is net
    assert net[0].weight is weight
    assert type(net[0]) is nn.Conv2d


def test_layers_that_have_no_filters_to_standardise_are_kept():
    spectral = nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 2, 2))
    net = nn.Sequential(nn.Conv2d(4, 4, 1, groups=4), nn.ConvTranspose2d(4, 4, 2), spectral, nn.Linear(2, 2))
    report = hs.norm.weight_standardize(net)
    assert [(kept.layer, kept.because) for kept in report.kept] == [
        ("0", "a filter of one weight has no variance"),
        ("1", "a transposed convolution's filters do not lie along the first axis"),
        ("2", "it is parametrised already"),
    ]
