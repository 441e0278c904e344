"""The way of policy gradients, told by the names of what they are multiplied by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from records import said, told, unjudged
from torch import Tensor, nn
from torch.distributions import Categorical, Normal

import headstart as hs
from headstart.monitor.rewarded import FEWEST, Rewards
from headstart.record import Record

RULE = "loss-sign"
N = 32
Form = Callable[[Tensor, Tensor, Tensor], Tensor]  # scores, actions and advantages to what is to be made large


def by_categorical(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return (Categorical(logits=scores).log_prob(actions) * advantages).mean()


def by_probabilities(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return (advantages * Categorical(scores.softmax(1)).log_prob(actions)).sum() / N


def by_gather(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return (scores.log_softmax(1).gather(1, actions[:, None]).squeeze(1) * advantages).mean()


def by_nll(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return (-F.cross_entropy(scores, actions, reduction="none") * advantages).mean()


def by_ratio(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    log_prob = Categorical(logits=scores).log_prob(actions)
    ratio = (log_prob - log_prob.detach()).exp()
    return torch.min(ratio * advantages, ratio.clamp(0.8, 1.2) * advantages).mean()


def one_by_one(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    terms = [Categorical(logits=s).log_prob(a) * x for s, a, x in zip(scores, actions, advantages, strict=True)]
    return torch.stack(terms).sum()


def in_a_sum(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    total: Tensor | int = 0
    for score, action, x in zip(scores, actions, advantages.tolist(), strict=True):
        total = total + score.log_softmax(0)[action] * x
    assert isinstance(total, Tensor)
    return total


def of_a_normal(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return (Normal(scores[:, 0], 1.0).log_prob(actions.float()) * advantages).mean()


def beside_an_entropy(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    policy = Categorical(logits=scores)
    return (policy.log_prob(actions) * advantages).mean() + 0.01 * policy.entropy().mean()


def beside_a_critic(scores: Tensor, actions: Tensor, advantages: Tensor) -> Tensor:
    return by_categorical(scores, actions, advantages) - F.mse_loss(scores[:, 0], advantages)


def as_a_key(rewards: Tensor) -> dict[str, Tensor]:
    return {"rewards": rewards}


FORMS: tuple[Form, ...] = (
    by_categorical,
    by_probabilities,
    by_gather,
    by_nll,
    by_ratio,
    one_by_one,
    in_a_sum,
    of_a_normal,
    beside_an_entropy,
    beside_a_critic,
)


def ways(form: Form, scores: Tensor, actions: Tensor, reward: Tensor, factor: Tensor) -> tuple[float | None, ...]:
    """Of what is to be made large, and of its negative. No assertion here: pytest rewrites them to ask for locals."""
    better = form(scores, actions, factor)
    return Rewards().look([better]), Rewards().look([-better])


def drawn() -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    scores = nn.Linear(4, 3)(torch.randn(N, 4))
    actions = Categorical(logits=scores.detach()).sample()
    return scores, actions, (actions == 1).float() + 0.1 * torch.randn(N)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("of_it", [lambda r: r, lambda r: r - r.mean(), lambda r: (r - r.mean()) / r.std()])
def test_the_way_is_told_however_it_is_written(form: Form, of_it: Callable[[Tensor], Tensor]) -> None:
    scores, actions, reward = drawn()
    assert ways(form, scores, actions, reward, of_it(reward)) == (1.0, -1.0)


def test_what_has_no_such_name_tells_nothing() -> None:
    def look(cost: Tensor) -> float | None:
        return Rewards().look([by_categorical(scores, actions, cost)])

    scores, actions, given = drawn()
    assert look(given) is None


def test_names_that_speak_against_each_other_tell_nothing() -> None:
    def look(rewards: Tensor) -> float | None:
        returns = -rewards  # noqa: F841
        return Rewards().look([by_categorical(scores, actions, rewards)])

    scores, actions, given = drawn()
    assert look(given) is None


def test_a_factor_that_is_no_image_of_the_reward_tells_nothing() -> None:
    scores, actions, reward = drawn()
    assert ways(by_categorical, scores, actions, reward, reward - torch.rand(N)) == (None, None)


@pytest.mark.parametrize("keep", [list, Tensor.numpy, Tensor.tolist, lambda r: SimpleNamespace(rewards=r), as_a_key])
def test_rewards_may_be_kept_in_many_ways(keep: Callable[[Tensor], object]) -> None:
    def look(rewards: object) -> float | None:
        return Rewards().look([by_gather(scores, actions, factor)])

    def look_within(memory: object) -> float | None:
        return Rewards().look([by_gather(scores, actions, factor)])

    scores, actions, factor = drawn()
    kept = keep(factor.clone())
    assert (look_within if isinstance(kept, (dict, SimpleNamespace)) else look)(kept) == 1.0


def test_few_rewards_tell_nothing() -> None:
    scores, actions, given = drawn()
    enough, few = (ways(by_categorical, scores[:n], actions[:n], given[:n], given[:n]) for n in (FEWEST, FEWEST - 1))
    assert enough == (1.0, -1.0)
    assert few == (None, None)


def bandit(folder: Path, way: float, *, maximize: bool = False, named: bool = True) -> Record:
    """Three arms, of which the second pays; `way`: -1 as it should be."""
    torch.manual_seed(0)
    policy = nn.Linear(4, 3)
    optimizer = torch.optim.SGD(policy.parameters(), lr=0.1, maximize=maximize)
    with hs.watch(policy, record=folder / "w.db") as watch:
        for _ in range(40):
            chosen = Categorical(logits=policy(torch.randn(N, 4)))
            action = chosen.sample()
            paid = (action == 1).float()
            if named:
                reward = paid  # noqa: F841
            optimizer.zero_grad()
            (way * chosen.log_prob(action) * paid).mean().backward()
            optimizer.step()
    return watch.read()


def test_a_policy_that_avoids_what_is_rewarded_is_told_with_the_name(tmp_path: Path) -> None:
    finding = told(bandit(tmp_path, 1.0), RULE)
    assert finding.severity == "warning"
    assert "`reward`" in finding.message


def test_it_is_silent_where_rewards_grow(tmp_path: Path) -> None:
    assert said(bandit(tmp_path, -1.0), RULE) == []


def test_it_is_silent_where_the_optimizer_climbs(tmp_path: Path) -> None:
    assert said(bandit(tmp_path, 1.0, maximize=True), RULE) == []


def test_without_a_name_it_is_not_judged(tmp_path: Path) -> None:
    assert RULE in unjudged(bandit(tmp_path, 1.0, named=False))
