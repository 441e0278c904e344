"""The written-out batch norm against torch's, against its hand-derived gradient and against finite differences."""

from __future__ import annotations

import pytest
import torch
from torch import nn

import headstart as hs
from headstart import HeadstartError

SHAPES = [
    (nn.BatchNorm1d, (8, 5)),
    (nn.BatchNorm1d, (4, 5, 7)),
    (nn.BatchNorm2d, (4, 5, 6, 7)),
    (nn.BatchNorm3d, (2, 5, 3, 4, 5)),
]
OPTIONS = [{}, {"momentum": None}, {"affine": False}, {"track_running_stats": False}, {"eps": 0.1, "momentum": 0.7}]


def twins(kind, options, channels=5):
    torch.manual_seed(0)
    torchs = kind(channels, **options).double()
    if torchs.affine:
        nn.init.normal_(torchs.weight)
        nn.init.normal_(torchs.bias)
    ours = hs.norm.BatchNorm(channels, **options).double()
    ours.load_state_dict(torchs.state_dict())
    return ours, torchs


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize(("kind", "shape"), SHAPES, ids=str)
@pytest.mark.parametrize("training", [True, False])
def test_forward_and_backward_are_torchs(kind, shape, options, training):
    ours, torchs = (norm.train(training) for norm in twins(kind, options))
    x = torch.randn(shape, dtype=torch.float64) * 3 + 2
    weights = torch.randn(shape, dtype=torch.float64)  # a plain sum of a normalised batch is constant
    grads = []
    for norm in (ours, torchs):
        leaf = x.clone().requires_grad_()
        y = norm(leaf)
        (y * weights).sum().backward()
        grads.append([y.detach(), leaf.grad, *(p.grad for p in norm.parameters())])
    torch.testing.assert_close(grads[0], grads[1], rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize(("kind", "shape"), SHAPES, ids=str)
def test_after_100_steps_of_training_nothing_differs(kind, shape, momentum):
    ours, torchs = twins(kind, {"momentum": momentum})
    optimizers = [torch.optim.SGD(norm.parameters(), lr=0.1, momentum=0.9) for norm in (ours, torchs)]
    for step in range(100):
        x = torch.randn(shape, dtype=torch.float64) * (1 + step / 50) + step / 10
        for norm, optimizer in zip((ours, torchs), optimizers, strict=True):
            optimizer.zero_grad()
            (norm(x) - x.tanh()).square().mean().backward()
            optimizer.step()
    torch.testing.assert_close(ours.state_dict(), torchs.state_dict(), rtol=1e-9, atol=1e-9)
    torch.testing.assert_close(ours.eval()(x), torchs.eval()(x), rtol=1e-9, atol=1e-9)


def test_normalises_by_the_population_variance_and_runs_the_sample_variance():
    norm = hs.norm.BatchNorm(1, eps=0.0, momentum=1.0)
    x = torch.tensor([[1.0], [3.0]])  # population variance 1, sample variance 2
    assert norm(x).tolist() == [[-1.0], [1.0]]
    assert norm.running_var.item() == 2.0


@pytest.mark.parametrize("training", [True, False])
def test_gradient_agrees_with_finite_differences(training):
    norm = twins(nn.BatchNorm2d, {"track_running_stats": not training})[0].train(training)
    x = torch.randn(3, 5, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(norm, x)


@pytest.mark.parametrize(("kind", "shape"), SHAPES, ids=str)
def test_gradient_by_hand_is_autograds(kind, shape):
    norm = twins(kind, {})[1]
    x = torch.randn(shape, dtype=torch.float64, requires_grad=True)
    grad = torch.randn(shape, dtype=torch.float64)
    norm(x).backward(grad)
    by_hand = hs.norm.batch_norm_backward(grad, x.detach(), norm.weight.detach())
    torch.testing.assert_close(by_hand, (x.grad, norm.weight.grad, norm.bias.grad), rtol=1e-10, atol=1e-10)


def test_a_gradient_step_can_change_neither_mean_nor_scale_of_a_channel():
    x, grad = torch.randn(2, 64, 3, 5, 5, dtype=torch.float64)
    dx, _, _ = hs.norm.batch_norm_backward(grad, x, torch.ones(3, dtype=torch.float64), eps=0.0)
    assert dx.sum((0, 2, 3)).abs().max() < 1e-12
    assert (dx * (x - x.mean((0, 2, 3), keepdim=True))).sum((0, 2, 3)).abs().max() < 1e-10


def test_one_value_per_channel_is_refused():
    with pytest.raises(HeadstartError, match=r"one value per channel \(shape \(1, 5\)\)"):
        hs.norm.BatchNorm(5)(torch.ones(1, 5))
