"""Derivatives by torch.autograd.grad that are derived again: with a graph and without, now and then and always."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.record import Record

RULE = "gradient-detached"
X = torch.linspace(-1, 1, 16).unsqueeze(1)
Residual = Callable[[nn.Module, Tensor, int], Tensor]


def derived(y: Tensor, x: Tensor, keep: bool) -> Tensor:
    return torch.autograd.grad(y, x, torch.ones_like(y), create_graph=keep)[0]


def record(folder: Path, residual: Residual, steps: int = 5) -> Record:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=folder / "run.db") as watch:
        for step in range(steps):
            optimizer.zero_grad()
            x = X.clone().requires_grad_()
            (net(X[:1]).pow(2).mean() + residual(net, x, step).pow(2).mean()).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


def second(keep: Callable[[int], bool], first: Callable[[Tensor], Tensor] = lambda slope: slope) -> Residual:
    return lambda net, x, step: derived(first(derived(net(x), x, True)), x, keep(step)) + 1


@pytest.mark.parametrize(
    "first",
    [lambda slope: slope, lambda slope: slope[:, 0:1], lambda slope: slope.sum(), lambda slope: -slope.view(-1)],
)
def test_the_last_derivative_of_an_equation_needs_its_graph(first: Callable[[Tensor], Tensor], tmp_path: Path) -> None:
    finding = told(record(tmp_path, second(lambda step: False, first)), RULE)
    assert (finding.severity, finding.evidence[0].of) == ("advice", 5)
    assert finding.remedy is not None
    assert "create_graph=True" in finding.remedy.code
    (tmp_path / "sound").mkdir()
    assert said(record(tmp_path / "sound", second(lambda step: True, first)), RULE) == []


def watched(net: nn.Module, x: Tensor, step: int) -> Tensor:
    slope = derived(net(x), x, True)
    if step == 2:
        derived(slope, x, False)  # how it bends now
        slope = derived(net(x), x, True)
    return slope


def attacked(net: nn.Module, x: Tensor, step: int) -> Tensor:
    return net((x + 0.1 * derived(net(x), x, False).sign()).detach())


def of_the_loss(net: nn.Module, x: Tensor, step: int) -> Tensor:
    slope = derived(net(x), x, True)
    return net((x + 0.1 * derived((slope - 1).pow(2).mean(), x, False).sign()).detach())


SOUND: dict[str, Residual] = {
    "now and then, by the same line": second(lambda step: step != 1),
    "now and then": watched,
    "an attack": attacked,
    "an attack on a penalty": of_the_loss,
    "no derivative": lambda net, x, step: net(x),
}


@pytest.mark.parametrize("residual", SOUND)
def test_what_may_do_without(residual: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[residual]), RULE) == []


def test_a_few_steps_say_nothing(tmp_path: Path) -> None:
    assert said(record(tmp_path, second(lambda step: False), steps=2), RULE) == []
