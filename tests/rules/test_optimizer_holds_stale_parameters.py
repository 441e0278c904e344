"""optimizer-holds-stale-parameters: tensors exchanged in the model while it trains (of a model made anew, see
test_parameters_not_in_optimizer.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, linear, run, said, told
from torch import nn

import headstart as hs
from headstart.record import Record

RULE = "optimizer-holds-stale-parameters"


def exchanged(*names: str, skill: float = 0.9, held: bool = True) -> Record:
    record = run(chain(linear("fc"), head()), skill=skill)
    record.parameters = tuple(
        replace(
            one,
            exchanged=30 if one.name in names else None,
            optimizer="SGD" if held else None,
            steps_with_gradient=60,
            steps_moved=60,
            steps_seen=60,
        )
        for one in record.parameters
    )
    return record


@pytest.mark.parametrize(("skill", "severity"), [(0.9, "warning"), (0.0, "error")])
def test_one_exchanged_tensor_is_told(skill: float, severity: str) -> None:
    finding = told(exchanged("fc.weight", skill=skill), RULE)
    assert (finding.severity, finding.step, finding.layers) == (severity, 30, ("fc",))
    assert (finding.evidence[0].value, finding.evidence[0].of) == (1, 4)


def test_none_exchanged_or_none_held_is_none() -> None:
    assert said(exchanged(), RULE) == []
    assert said(exchanged("fc.weight", held=False), RULE) == []


class Loop:
    """A net, its optimizer, and what is done to them at step 20."""

    def __init__(self) -> None:
        self.net = nn.Sequential(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 3))
        self.optimizer = torch.optim.SGD(self.net.parameters(), lr=0.1)
        self.kept: nn.Parameter | None = None

    def train(self, path: Path, at_20: Callable[[Loop], None], after: Callable[[Loop], None]) -> Record:
        with hs.watch(self.net, record=path / "run.db") as watch:
            for step in range(60):
                if step == 20:
                    at_20(self)
                self.net.zero_grad()
                F.cross_entropy(self.net(torch.randn(16, 6)), torch.arange(16) % 3).backward()
                self.optimizer.step()
                after(self)
        record: Record = watch.read()
        assert "fault" not in record.meta, record.meta["fault"]
        return record


def nothing(_: Loop) -> None:
    pass


def new_weight(loop: Loop) -> None:
    loop.kept = loop.net[2].weight
    loop.net[2].weight = nn.Parameter(torch.randn(3, 8))


def grow(loop: Loop) -> None:
    first, last = loop.net[0], loop.net[2]
    first.weight = nn.Parameter(torch.cat((first.weight, torch.randn(4, 6))))
    first.bias = nn.Parameter(torch.cat((first.bias, torch.zeros(4))))
    last.weight = nn.Parameter(torch.cat((last.weight, torch.zeros(3, 4)), 1))


def new_optimizer(loop: Loop) -> None:
    new_weight(loop)
    loop.optimizer = torch.optim.SGD(loop.net.parameters(), lr=0.1)


def new_group(loop: Loop) -> None:
    new_weight(loop)
    loop.optimizer.add_param_group({"params": [loop.net[2].weight]})


def frozen(loop: Loop) -> None:
    loop.net[2].weight = nn.Parameter(torch.randn(3, 8), requires_grad=False)


def other_values(loop: Loop) -> None:
    loop.net[2].weight.data = torch.randn(3, 8)


def swap_and_back(loop: Loop) -> None:
    """As averaged weights are evaluated."""
    kept = loop.net[2].weight
    loop.net[2].weight = nn.Parameter(torch.randn(3, 8))
    with torch.no_grad():
        loop.net(torch.randn(4, 6))
    loop.net[2].weight = kept


@pytest.mark.parametrize(("at_20", "count"), [(new_weight, 1), (grow, 3)])
def test_what_is_exchanged_while_it_trains_is_seen(at_20: Callable[[Loop], None], count: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    finding = told(Loop().train(tmp_path, at_20, nothing), RULE)
    assert finding.evidence[0].value == count
    assert 20 <= (finding.step or 0) <= 25  # the looks are a quarter of the run apart


@pytest.mark.parametrize(
    ("at_20", "after"),
    [*((change, nothing) for change in (new_optimizer, new_group, frozen, other_values)), (nothing, swap_and_back)],
)
def test_what_goes_on_being_trained_is_none(
    at_20: Callable[[Loop], None], after: Callable[[Loop], None], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    record = Loop().train(tmp_path, at_20, after)
    assert said(record, RULE) == []
    assert all(parameter.exchanged is None for parameter in record.parameters)
