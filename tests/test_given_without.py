"""An evaluation whose loss is computed after `no_grad` has ended, and what only looks like one."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.given_without import GivenWithout
from headstart.record import Record

Evaluate = Callable[[nn.Module, Tensor, Tensor], object]


class Pair(nn.Module):
    """Gives two outputs in a container of any kind."""

    def __init__(self, container: Callable[[Tensor], object]) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 1)
        self.container = container

    def forward(self, x: Tensor) -> object:
        return self.container(self.linear(x)) if not torch.is_grad_enabled() else self.linear(x)


def watched(path: Path, evaluate: Evaluate, net: nn.Module | None = None) -> Record:
    """Four steps, and `evaluate` after each."""
    torch.manual_seed(0)
    x, y = torch.randn(32, 4), torch.randn(32, 1)
    net = nn.Linear(4, 1) if net is None else net
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            F.mse_loss(net(x), y).backward()
            optimizer.step()
            evaluate(net, x, y)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def evaluations(record: Record) -> list[float]:
    return [value for loss in record.losses for value in record.loss_of(loss.name, "eval").values]


def within(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return F.mse_loss(net(x), y).item()


def after(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        out = net(x)
    return F.mse_loss(out, y).item()


def after_a_view(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        out = net(x)
    return F.mse_loss(out.squeeze(1), y[:, 0]).item()


def after_inference(net: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.inference_mode():
        out = net(x)
    return F.mse_loss(out, y).item()


@pytest.mark.parametrize("evaluate", [after, after_a_view, after_inference])
def test_a_loss_after_no_grad_is_the_same_evaluation_as_one_within(tmp_path: Path, evaluate: Evaluate) -> None:
    expected = evaluations(watched(tmp_path, within))
    assert len(expected) == 4
    (tmp_path / "other").mkdir()
    assert evaluations(watched(tmp_path / "other", evaluate)) == pytest.approx(expected)


@pytest.mark.parametrize("container", [lambda out: (out, out.exp()), lambda out: {"logits": out}, lambda out: [out]])
def test_outputs_in_containers_are_known_again(tmp_path: Path, container: Callable[[Tensor], object]) -> None:
    def evaluate(net: nn.Module, x: Tensor, y: Tensor) -> None:
        with torch.no_grad():
            out = net(x)
        F.mse_loss(out["logits"] if isinstance(out, dict) else out[0], y)

    assert len(evaluations(watched(tmp_path, evaluate, Pair(container)))) == 4


def test_what_training_gave_is_no_evaluation_once_it_is_detached(tmp_path: Path) -> None:
    teacher = nn.Linear(4, 1)

    def metric(net: nn.Module, x: Tensor, y: Tensor) -> None:
        out = net(x)
        with torch.no_grad():
            teacher(x)
        F.mse_loss(out.detach(), y)

    def later(net: nn.Module, x: Tensor, y: Tensor) -> None:
        with torch.no_grad():
            net(x)
        F.mse_loss(net(x).detach(), y)

    (tmp_path / "later").mkdir()
    assert evaluations(watched(tmp_path, metric)) == []
    assert evaluations(watched(tmp_path / "later", later)) == []


def test_a_loss_that_learns_from_such_an_output_is_no_evaluation(tmp_path: Path) -> None:
    def distilled(net: nn.Module, x: Tensor, y: Tensor) -> None:
        with torch.no_grad():
            out = net(x)
        F.mse_loss(out, net.weight.sum() * y)

    assert evaluations(watched(tmp_path, distilled)) == []


def test_an_output_lives_no_longer_for_it() -> None:
    given, out = GivenWithout(), torch.randn(3)
    given.without(out)
    assert given.holds(out)
    assert given.holds(out[1:])
    assert not given.holds(torch.randn(3))
    assert not given.holds(None)
    gone = weakref.ref(out)
    del out
    gc.collect()
    assert gone() is None


def test_a_call_with_gradients_ends_it() -> None:
    given, out = GivenWithout(), torch.randn(3)
    given.without(out)
    given.within()
    assert not given.holds(out)
