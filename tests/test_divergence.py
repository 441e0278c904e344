"""What a nat of a Gaussian's divergence costs in a loss: each way to write the term, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.distributions import Independent, Normal, kl_divergence

from headstart.monitor.divergence import LOOKS, Divergences, price_of_a_nat

N, CODES = 16, 4
X = torch.rand(N, 12, generator=torch.Generator().manual_seed(0))


def outputs() -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return nn.Linear(12, CODES)(X), nn.Linear(12, CODES)(X)


def reconstruction(mu: Tensor, scale: Tensor) -> Tensor:
    return F.mse_loss(nn.Linear(CODES, 12)(mu + scale * torch.randn_like(mu)), X)


def nats(mu: Tensor, logvar: Tensor) -> Tensor:
    return -0.5 * (1 + logvar - mu.pow(2) - logvar.exp())


def standard(mu: Tensor, scale: Tensor) -> Tensor:
    return kl_divergence(Normal(mu, scale), Normal(torch.zeros(N, CODES), torch.ones(N, CODES)))


FORMS: dict[str, tuple[Callable[[Tensor, Tensor], Tensor], float | None]] = {
    "summed over the codes": (lambda mu, s: nats(mu, s).sum(1).mean(), 1.0),
    "summed up": (lambda mu, s: nats(mu, s).sum(), N),
    "averaged over all": (lambda mu, s: nats(mu, s).mean(), 1 / CODES),
    "a factor outside": (
        lambda mu, s: 3 * (-0.5 * torch.mean(torch.sum(1 + s - mu**2 - torch.exp(s), dim=1), dim=0)),
        3.0,
    ),
    "divided by the batch": (lambda mu, s: nats(mu, s).sum() / N, 1.0),
    "a product with itself": (lambda mu, s: 0.5 * (s.exp() + mu * mu - s - 1).sum(1).mean(), 1.0),
    "of log sigma": (lambda mu, s: (0.5 * (mu**2 + torch.exp(2 * s)) - s - 0.5).sum(1).mean(), 1.0),
    "of two sigmas": (
        lambda mu, s: 0.5 * (mu**2 + F.softplus(s) ** 2 - 2 * F.softplus(s).log() - 1).sum(1).mean(),
        None,
    ),
    "of a variance": (lambda mu, s: 0.5 * (mu**2 + s.sigmoid() - s.sigmoid().log() - 1).sum(1).mean(), None),
    "of distributions": (lambda mu, s: standard(mu, s.exp()).sum(-1).mean(), 1.0),
    "as one sum less another": (lambda mu, s: 0.1 * (0.5 * ((mu**2).sum() + s.exp().sum()) - 0.5 * s.sum()) / N, 0.1),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_price_is_the_growth_of_the_loss_by_a_nat(form: str) -> None:
    make, price = FORMS[form]
    mu, s = outputs()
    loss = reconstruction(mu, s.exp()) + make(mu, s)
    found = price_of_a_nat(loss)
    assert found == (None if price is None else pytest.approx(price, rel=1e-5))


def test_sigma_or_its_square_that_is_kept_is_known_by_its_logarithm() -> None:
    mu, s = outputs()
    variance = sigma = F.softplus(s)
    of_variance = 0.5 * (mu**2 + variance - variance.log() - 1).sum(1).mean()
    of_sigma = (0.5 * (mu**2 + sigma**2 - 1) - sigma.log()).sum(1).mean()
    for term in (of_variance, of_sigma):
        assert price_of_a_nat(reconstruction(mu, sigma) + term) == pytest.approx(1.0)


@pytest.mark.parametrize(
    "make",
    [
        lambda mu, s: (mu**2).mean() + s.exp().mean(),  # a penalty: nothing is subtracted
        lambda mu, s: nats(mu, s).clamp(min=0.1).sum(1).mean(),  # free bits
        lambda mu, s: -nats(mu, s).sum(1).mean(),  # of the wrong sign
        lambda mu, s: 0.5 * (s + (X[:, :CODES] - mu) ** 2 / s.exp()).mean(),  # a likelihood
        lambda mu, s: (torch.linspace(0, 1, CODES) * nats(mu, s)).sum(1).mean(),  # weighed by a tensor
        lambda mu, s: (s.exp() - s).sum(1).mean(),  # no mean in it
        lambda mu, s: (mu**2 + s.exp() - 2 * s).sum(1).mean(),  # other factors
        lambda mu, s: nats(mu, s).sum(1),
    ],
)
def test_what_only_looks_like_it_has_no_price(make: Callable[[Tensor, Tensor], Tensor]) -> None:
    mu, s = outputs()
    assert price_of_a_nat(reconstruction(mu, s.exp()) + make(mu, s)) is None


def test_it_is_looked_for_until_the_first_backwards_had_none() -> None:
    mu, s = outputs()
    with_one, without = reconstruction(mu, s.exp()) + nats(mu, s).mean(), reconstruction(mu, s.exp())
    divergences = Divergences()
    assert [divergences.look([loss]) is None for loss in (without, with_one, *[without] * LOOKS)] == [
        True,
        False,
        *[True] * LOOKS,
    ]
    assert divergences.look([with_one]) is None
    assert Divergences().look([with_one, with_one]) is None


def test_of_independent_distributions() -> None:
    mu, s = outputs()
    prior = Independent(Normal(torch.zeros(N, CODES), torch.ones(N, CODES)), 1)
    loss = reconstruction(mu, s.exp()) + kl_divergence(Independent(Normal(mu, s.exp()), 1), prior).mean()
    assert price_of_a_nat(loss) == pytest.approx(1.0)
