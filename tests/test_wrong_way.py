"""Terms of the wrong sign: each form is read, and what only looks like one of them is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Normal, kl_divergence

from headstart.monitor.wrong_way import WrongWay, WrongWays, wrong_way

N = 16
X = torch.rand(N, 12, generator=torch.Generator().manual_seed(0))
ZEROS, ONES = torch.zeros(N, 4), torch.ones(N, 4)


class Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.clone()

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return -gradients[0]


class Neg(Reversed):
    """By a name that one of torch's own operators has."""


class Coder(nn.Module):
    """The parts of an autoencoder whose code is drawn from normal distributions."""

    def __init__(self, twice: bool = False) -> None:
        torch.manual_seed(1)
        super().__init__()
        self.body = nn.Sequential(nn.Linear(12, 20), nn.ReLU())
        self.mean, self.spread, self.both = nn.Linear(20, 4), nn.Linear(20, 4), nn.Linear(20, 8)
        self.decoder = nn.Sequential(nn.Linear(4, 20), nn.ReLU(), nn.Linear(20, 12))

    def codes(self, way: str = "two layers") -> tuple[Tensor, Tensor]:
        h = self.body(X)
        if way == "chunk":
            mu, logvar = self.both(h).chunk(2, dim=-1)
            return mu, logvar
        if way == "slices":
            both = self.both(h)
            return both[:, :4], both[:, 4:]
        return self.mean(h), self.spread(h)

    def error(self, mu: Tensor, logvar: Tensor) -> Tensor:
        return F.mse_loss(self.decoder(mu + torch.randn_like(mu) * (0.5 * logvar).exp()), X)


def read(loss: Tensor) -> WrongWay | None:
    with torch.no_grad():
        return wrong_way(loss)


def paper(mu: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp()) / N


DIVERGENCES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "paper": paper,
    "mean over samples": lambda mu, v: torch.mean(-0.5 * torch.sum(1 + v - mu * mu - v.exp(), dim=1), dim=0),
    "sigma": lambda mu, v: (v.exp() + torch.square(mu) - 0.5 * v - 0.5).sum(-1).mean(),
    "weight per dim": lambda mu, v: ((mu**2 + v.exp() - v - 1) * torch.tensor([1.0, 2.0, 3.0, 4.0])).mean(),
    "zeros and ones": lambda mu, v: kl_divergence(Normal(mu, (0.5 * v).exp()), Normal(ZEROS, ONES)).sum(1).mean(),
    "numbers": lambda mu, v: kl_divergence(Normal(mu, (0.5 * v).exp()), Normal(0.0, 2.0)).sum(),
}


@pytest.mark.parametrize("way", ["two layers", "chunk", "slices"])
@pytest.mark.parametrize("form", DIVERGENCES)
def test_a_divergence_that_is_subtracted_is_seen_however_it_is_written(form: str, way: str) -> None:
    net = Coder()
    mu, logvar = net.codes(way)
    error, divergence = net.error(mu, logvar), DIVERGENCES[form](mu, logvar)
    for wrong in (
        error - divergence,
        -(divergence - error),
        -1 * (error + divergence) / 2,
        error + -0.01 * divergence,
    ):
        found = read(wrong)
        assert found is not None
        assert found.figure == "loss.sunk"
        assert found.weight is (net.mean if way == "two layers" else net.both).weight
    for sound in (error + divergence, error - -2 * divergence, error + 0.0 * -divergence):
        assert read(sound) is None


def contrast(net: Coder, mu: Tensor, v: Tensor) -> Tensor:
    return F.cross_entropy(-(mu**2) @ torch.rand(4, 3), torch.arange(N) % 3) + net.error(mu, v)


def energies(net: Coder, mu: Tensor, v: Tensor) -> Tensor:
    return net.mean(net.body(X)).pow(2).mean() - mu.pow(2).mean() + net.error(mu, v)


def energies_of_one_call(net: Coder, mu: Tensor, v: Tensor) -> Tensor:
    real, drawn = mu.chunk(2)
    return real.pow(2).mean() - drawn.pow(2).mean() + net.error(mu, v)


def variation(net: Coder, mu: Tensor, v: Tensor) -> Tensor:
    """A Helmholtz equation's energy."""
    x = X.clone().requires_grad_()
    u = net.mean(torch.tanh(net.body[0](x)))
    (slope,) = torch.autograd.grad(u.sum(), x, create_graph=True)
    return slope.pow(2).mean() - u.pow(2).mean() + net.decoder(u).mean()


SOUND: dict[str, Callable[[Coder, Tensor, Tensor], Tensor]] = {
    "free bits": lambda net, mu, v: net.error(mu, v) - (mu**2).clamp(max=0.5).mean(),
    "capacity": lambda net, mu, v: net.error(mu, v) + (paper(mu, v) - 5).abs(),
    "margin": lambda net, mu, v: net.error(mu, v) + F.relu(10 - mu.pow(2).sum(1)).mean(),
    "contrastive": contrast,
    "kernel": lambda net, mu, v: net.error(mu, v) + (-(mu**2)).exp().mean(),
    "log sum": lambda net, mu, v: net.error(mu, v) + torch.logsumexp(-(mu**2), 0).mean(),
    "bounded": lambda net, mu, v: net.error(mu.tanh(), v) - mu.tanh().pow(2).mean(),
    "unit length": lambda net, mu, v: (lambda u: net.error(u, v) - u.pow(2).mean())(F.normalize(mu)),
    "a larger square": lambda net, mu, v: net.error(mu, v) + mu.pow(2).mean() - 0.5 * mu.pow(2).mean(),
    "a fourth power": lambda net, mu, v: net.error(mu, v) + mu.pow(4).mean() - mu.pow(2).mean(),
    "a difference": lambda net, mu, v: net.error(mu, v) + F.mse_loss(mu, ONES) - 0.1 * mu.pow(2).mean(),
    "of an action": lambda net, mu, v: net.error(mu, v) - (mu - torch.rand(N, 4)).pow(2).mean(),
    "times rewards": lambda net, mu, v: net.error(mu, v) - (mu.pow(2) * torch.randn(N, 1)).mean(),
    "own density": lambda net, mu, v: net.error(mu, v) + Normal(mu, 1.0).log_prob(mu + torch.rand(N, 4) * v).mean(),
    "reversed": lambda net, mu, v: net.error(mu, v) - Reversed.apply(mu).pow(2).mean(),
    "reversed term": lambda net, mu, v: net.error(mu, v) + Reversed.apply(-paper(mu, v)),
    "of another's name": lambda net, mu, v: net.error(mu, v) + Neg.apply(paper(mu, v)),
    "entropy": lambda net, mu, v: net.error(mu, v) + (mu.softmax(1) * mu.log_softmax(1)).mean(),
    "critic": lambda net, mu, v: mu.mean() - net.mean(net.body(1 - X)).mean() + (v.norm(dim=1) - 1).pow(2).mean(),
    "energies": energies,
    "energies of one call": energies_of_one_call,
    "variation": variation,
    "smooth": lambda net, mu, v: net.error(mu, v) + (mu[1:] - mu[:-1]).pow(2).mean() - mu.pow(2).mean(),
    "penalty": lambda net, mu, v: net.error(mu, v) - mu.pow(2).mean() + net.mean.weight.pow(2).sum(),
    "components": lambda net, mu, v: net.error(mu.detach(), v) - mu.pow(2).mean(),
    "exponent with a graph": lambda net, mu, v: net.error(mu, v) - (mu.exp() ** v.mean()).mean(),
}


@pytest.mark.parametrize("form", SOUND)
def test_what_only_looks_like_it_is_not(form: str) -> None:
    net = Coder()
    assert read(SOUND[form](net, *net.codes())) is None


def test_saved_tensor_hooks_are_never_run() -> None:
    net, unpacked = Coder(), []
    with torch.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: unpacked.append(0) or x):
        mu, logvar = net.codes()
        loss = net.error(mu, logvar) - paper(mu, logvar)
    assert read(loss) is None
    assert unpacked == []


# Overlaps

Y = (torch.rand(N, 3, 5, 5, generator=torch.Generator().manual_seed(2)) > 0.7).float()


def segments() -> tuple[nn.Conv2d, Tensor]:
    torch.manual_seed(3)
    last = nn.Conv2d(1, 3, 1)
    return last, last(torch.rand(N, 1, 5, 5))


def dice(p: Tensor, y: Tensor, smooth: float = 1.0) -> Tensor:
    p, y = p.flatten(1), y.flatten(1)
    return ((2 * (p * y).sum(1) + smooth) / (p.sum(1) + y.sum(1) + smooth)).mean()


def jaccard(p: Tensor, y: Tensor) -> Tensor:
    common = (p * y).sum()
    return common / (p.sum() + y.sum() - common + 1e-6)


OVERLAPS: dict[str, Callable[[Tensor], Tensor]] = {
    "dice": lambda z: dice(z.sigmoid(), Y),
    "squares": lambda z: (lambda p: 2.0 * (Y * p).sum() / (p.pow(2).sum() + Y.sum()).clamp(min=1e-6))(z.sigmoid()),
    "jaccard": lambda z: jaccard(z.sigmoid(), Y),
    "union of each": lambda z: (lambda p: (p * Y).sum() / (p + Y - p * Y).sum())(z.softmax(1)),
    "class by class": lambda z: (lambda p: sum(dice(p[:, c], Y[:, c]) for c in range(3)) / 3)(z.softmax(1)),
}
OTHERS: dict[str, Callable[[Tensor], Tensor]] = {
    "one minus": lambda z: 1 - dice(z.sigmoid(), Y),
    "negative": lambda z: -jaccard(z.sigmoid(), Y),
    "logarithm": lambda z: -dice(z.sigmoid(), Y).log(),
    "beside others": lambda z: F.binary_cross_entropy_with_logits(z, Y) + dice(z.sigmoid(), Y),
    "of two heads": lambda z: dice(z[:, :1].sigmoid(), z[:, 1:2].sigmoid()),
    "of wrong answers, and fewer": lambda z: dice(z.sigmoid(), 1 - Y) + z.sigmoid().mean(),
    "a share": lambda z: (lambda p: (p * Y).sum() / (1 + Y.sum()))(z.sigmoid()),
    "a ratio": lambda z: (lambda p: (p * Y).sum() / (p * (1 - Y)).sum())(z.sigmoid()),
    "of signed targets": lambda z: (lambda p: (p * (2 * Y - 1)).sum() / (p.sum() + Y.sum()))(z.sigmoid()),
    "of raw outputs": lambda z: dice(z, Y),
}


@pytest.mark.parametrize("form", OVERLAPS)
def test_an_overlap_that_is_the_loss_is_seen(form: str) -> None:
    last, z = segments()
    loss = OVERLAPS[form](z)
    found = read(loss)
    assert found is not None
    assert (found.figure, found.weight is last.weight) == ("loss.overlap", True)
    if form != "class by class":
        torch.testing.assert_close(found.value, loss.detach())


@pytest.mark.parametrize("form", OTHERS)
def test_another_ratio_is_none(form: str) -> None:
    assert read(OTHERS[form](segments()[1])) is None


# A run's


def looks(*losses: Tensor, name: str | None = "fc") -> list[tuple[str, str]]:
    ways = WrongWays(lambda weight: name)
    with torch.no_grad():
        return [(owner, figure) for loss in losses for owner, figure, _ in ways.look([loss])]


def test_every_backward_has_to_hold_one() -> None:
    net = Coder()
    mu, logvar = net.codes()
    wrong, sound = net.error(mu, logvar) - paper(mu, logvar), net.error(mu, logvar)
    assert looks(wrong, wrong) == [("fc", "loss.sunk")] * 2
    assert looks(wrong, sound, wrong) == [("fc", "loss.sunk"), ("", "loss.opposed")]
    assert looks(sound, wrong) == []
    assert looks(wrong, wrong, name=None) == []
