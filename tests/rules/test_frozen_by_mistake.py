"""frozen-by-mistake: nearly all is frozen, and nothing is learnt."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch
from loops import X, Y, net, train, watched
from records import chain, linear, run, said, told, unjudged
from torch import nn

from headstart.diagnosis.rules.frozen_by_mistake import FROZEN

RULE = "frozen-by-mistake"


@pytest.mark.parametrize(("trained", "fires"), [(0.99, True), (1.01, False)])
def test_both_sides_of_the_share(trained: float, fires: bool) -> None:
    """A frozen layer of 18,000 values beside one of `trained` times 2,000."""
    body, top = linear("body", 8, 2000), linear("top", 1, round(1000 * trained))
    record = run(chain(body, top), {("body", "activation.mean"): 0.0}, frozen=("body",), skill=0.0)
    sizes = [math.prod(parameter.shape) for parameter in record.parameters]
    assert (sum(sizes[:2]) / sum(sizes) > FROZEN) is fires
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize("skill", [0.9, None])
def test_a_run_that_learns_or_may_learn_is_sound(skill: float | None) -> None:
    record = run(
        chain(linear("body"), linear("top", 64, 2)), {("body", "activation.mean"): 0.0}, frozen=("body",), skill=skill
    )
    assert skill is None or not said(record, RULE)
    assert skill is not None or RULE in unjudged(record)


def test_what_is_frozen_and_does_not_run_is_not_counted() -> None:
    record = run(chain(linear("body"), linear("top", 64, 2)), frozen=("body",), skill=0.0)
    assert not said(record, RULE)


def test_a_frozen_net_that_does_not_learn_is_named(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        for parameter in model[:4].parameters():  # type: ignore[index]
            parameter.requires_grad_(False)
        train(model, torch.optim.SGD(model[4].parameters(), lr=1e-5), 30)  # type: ignore[index]

    finding = told(watched(tmp_path, big(), loop), RULE)
    assert finding.layers == ("0", "2")


def big() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(X.shape[1], 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, len(Y.unique()))
    )


def test_what_is_unfrozen_later_is_trainable(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        model[0].requires_grad_(False)  # type: ignore[index]
        train(model, torch.optim.SGD(model.parameters(), lr=0.01), 10)
        model[0].requires_grad_(True)  # type: ignore[index]
        train(model, torch.optim.SGD(model.parameters(), lr=0.01), 10)

    assert all(parameter.trainable for parameter in watched(tmp_path, net(), loop).parameters)
