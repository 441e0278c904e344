"""The way of actors that learn from a critic, told by the name of what the critic was fitted to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.valued import Values
from headstart.record import Record

RULE = "loss-sign"
N = 32


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(3, 8), nn.Linear(8, 1)

    def forward(self, state: Tensor, action: Tensor) -> Tensor:
        return self.head(torch.tanh(self.body(torch.cat([state, action], 1)))).squeeze(1)  # type: ignore[no-any-return]


Fit = Callable[[Tensor, Tensor], Tensor]
FITS: dict[str, Fit] = {
    "mse_loss": F.mse_loss,
    "huber_loss": F.huber_loss,
    "by hand": lambda q, y: (q - y).pow(2).mean(),
    "half of it": lambda q, y: 0.5 * F.mse_loss(q, y),
}
CLIMBS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "the mean": lambda q, p: q.mean(),
    "the sum": lambda q, p: q.sum() / N,
    "less an entropy": lambda q, p: (q - 0.2 * p).mean(),
    "the lower of two": lambda q, p: torch.min(q, 2 * q).mean(),
    "beside a penalty": lambda q, p: 0.3 * q.mean() - p.square().mean(),
}


def played(fit: Fit, climb: Callable[[Tensor, Tensor], Tensor], name: str = "rewards") -> tuple[float | None, ...]:
    """Of what is to be made large, and of its negative. No assertion here: pytest rewrites them to ask for locals."""
    torch.manual_seed(0)
    critic, actor = Critic(), nn.Linear(2, 1)
    state, action, given = torch.randn(N, 2), torch.randn(N, 1), torch.randn(N)
    values = Values()

    def learn(rewards: Tensor) -> float | None:
        return values.look([fit(critic(state, action), rewards)])

    def learn_cost(cost: Tensor) -> float | None:
        return values.look([fit(critic(state, action), cost)])

    first = (learn if name == "rewards" else learn_cost)(given.clone())
    own = actor(state)
    better = climb(critic(state, own), own.squeeze(1))
    return first, values.look([better]), values.look([-better])


@pytest.mark.parametrize("fit", FITS)
@pytest.mark.parametrize("climb", CLIMBS)
def test_the_way_is_told_however_both_are_written(fit: str, climb: str) -> None:
    assert played(FITS[fit], CLIMBS[climb]) == (None, 1.0, -1.0)


def test_a_critic_of_costs_tells_nothing() -> None:
    assert played(F.mse_loss, CLIMBS["the mean"], "cost") == (None, None, None)


def test_what_is_fitted_and_climbed_at_once_tells_nothing() -> None:
    def look(rewards: Tensor) -> list[float | None]:
        q = nn.Linear(2, 1)(torch.randn(N, 2)).squeeze(1)
        return [values.look([F.mse_loss(q, rewards)]), values.look([F.mse_loss(q, rewards) + q.mean()])]

    values = Values()
    assert look(torch.randn(N)) == [None, None]


def test_another_net_s_mean_tells_nothing() -> None:
    def look(rewards: Tensor) -> list[float | None]:
        q, other = (nn.Linear(2, 1)(torch.randn(N, 2)).squeeze(1) for _ in range(2))
        return [values.look([F.mse_loss(q, rewards)]), values.look([other.mean()])]

    values = Values()
    assert look(torch.randn(N)) == [None, None]


def valve(folder: Path, way: float) -> Record:
    """`way`: -1 as it should be."""
    torch.manual_seed(0)
    actor, critic = nn.Linear(2, 1), Critic()
    of_actor, of_critic = (torch.optim.SGD(net.parameters(), lr=0.05) for net in (actor, critic))
    with hs.watch(nn.ModuleList([actor, critic]), record=folder / "w.db") as watch:
        for _ in range(40):
            state = torch.randn(N, 2)
            action = actor(state).detach() + torch.randn(N, 1)
            target_q = 1 - (action[:, 0] - state[:, 0]) ** 2
            of_critic.zero_grad()
            F.mse_loss(critic(state, action), target_q).backward()
            of_critic.step()
            of_actor.zero_grad()
            (way * critic(state, actor(state)).mean()).backward()
            of_actor.step()
    return watch.read()


def test_an_actor_that_seeks_what_is_worth_least_is_told_with_the_name(tmp_path: Path) -> None:
    finding = told(valve(tmp_path, 1.0), RULE)
    assert finding.severity == "warning"
    assert "`target_q`" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("loss = -critic(states, actor(states)).mean()")


def test_one_that_climbs_is_sound(tmp_path: Path) -> None:
    assert said(valve(tmp_path, -1.0), RULE) == []
