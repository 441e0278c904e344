"""gradient-detached: what a Normal's sample() cuts off, and what is sampled on purpose."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn
from torch.distributions import Normal

import headstart as hs
from headstart.record import Record

RULE = "gradient-detached"


class Parts(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.enc, self.dec, self.other = nn.Linear(6, 4), nn.Linear(2, 6), nn.Linear(6, 2)

    def posterior(self, x: Tensor) -> Normal:
        mean, log_scale = self.enc(x).chunk(2, 1)
        return Normal(mean, log_scale.exp())  # type: ignore[no-untyped-call]

    def forward(self, way: Way, x: Tensor) -> Tensor:
        return way(self, x)


Way = Callable[[Parts, Tensor], Tensor]


def kl(q: Normal) -> Tensor:
    return (q.loc**2 + q.scale**2 - 2 * q.scale.log()).mean()


def sampled(net: Parts, x: Tensor) -> Tensor:
    q = net.posterior(x)
    return F.mse_loss(net.dec(q.sample()), x) + kl(q)


def viewed(net: Parts, x: Tensor) -> Tensor:
    q = net.posterior(x)
    return F.mse_loss(net.dec(q.sample().view(-1, 2)), x) + kl(q)


def scale_alone(net: Parts, x: Tensor) -> Tensor:
    q = Normal(torch.zeros(2), net.posterior(x).scale)  # type: ignore[no-untyped-call]
    return F.mse_loss(net.dec(q.sample()), x) + kl(q)


def with_a_graph(net: Parts, x: Tensor) -> Tensor:
    q = net.posterior(x)
    return F.mse_loss(net.dec(q.rsample()), x) + kl(q)


def scored(net: Parts, x: Tensor) -> Tensor:
    """A critic of actions beside a policy."""
    q = net.posterior(x)
    action = q.sample()
    value = net.dec(action).mean(1)
    return F.mse_loss(value, x[:, 0]) - (q.log_prob(action).sum(1) * value.detach()).mean()


def from_the_prior(net: Parts, x: Tensor) -> Tensor:
    q = net.posterior(x)
    return F.mse_loss(net.dec(Normal(torch.zeros(16, 2), 1.0).sample()), x) + kl(q)  # type: ignore[no-untyped-call]


def looked_at(net: Parts, x: Tensor) -> Tensor:
    """A sample for the eyes, that nothing is trained on."""
    q = net.posterior(x)
    with torch.no_grad():
        net.dec(q.sample())
    return F.mse_loss(net.dec(q.loc), x)


def record(path: Path, way: Way, trains: Callable[[Parts], list[nn.Module]] = lambda net: [net]) -> Record:
    torch.manual_seed(0)
    net = Parts()
    optimizer = torch.optim.SGD([p for module in trains(net) for p in module.parameters()], lr=0.01)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(12):
            optimizer.zero_grad()
            net(way, torch.randn(16, 6)).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


@pytest.mark.parametrize("way", [sampled, viewed, scale_alone])
def test_a_sample_that_is_trained_on_is_cut_off(way: Way, tmp_path: Path) -> None:
    finding = told(record(tmp_path, way), RULE)
    assert (finding.layer, finding.layers, finding.severity) == ("dec", ("enc",), "advice")
    assert finding.remedy is not None
    assert "rsample()" in finding.remedy.code


def two_layers(net: Parts, x: Tensor) -> Tensor:
    q = Normal(net.enc(x)[:, :2], F.softplus(net.other(x)))  # type: ignore[no-untyped-call]
    return F.mse_loss(net.dec(q.sample()), x) + kl(q)


def test_two_layers_that_give_the_normal_are_both_named(tmp_path: Path) -> None:
    assert (
        "dec is given samples of a Normal that enc and other gave" in told(record(tmp_path, two_layers), RULE).message
    )


@pytest.mark.parametrize("way", [with_a_graph, scored, from_the_prior, looked_at])
def test_other_samples_are_none(way: Way, tmp_path: Path) -> None:
    assert said(record(tmp_path, way), RULE) == []


def test_what_no_optimizer_holds_needs_no_gradient(tmp_path: Path) -> None:
    assert said(record(tmp_path, sampled, lambda net: [net.dec]), RULE) == []


def test_scored_once_says_that_samples_are_actions(tmp_path: Path) -> None:
    calls = iter(range(100))
    assert said(record(tmp_path, lambda net, x: (scored if next(calls) == 5 else sampled)(net, x)), RULE) == []
