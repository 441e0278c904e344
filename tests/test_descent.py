"""What steps promise, against the closed form of gradient descent on a parabola."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from records import SGD, run
from torch import nn

import headstart as hs
from headstart.diagnosis.descent import LOOKS, kept, promises
from headstart.record import Optimizer, Record

STEPS = 30


def parabola(
    curvature: float, lr: float, path: Path, calls: int = 1, closure: bool = False, steps: int = STEPS
) -> Record:
    """loss = curvature / 2 * |w|², by gradient descent: w shrinks by 1 - lr * curvature a step."""
    torch.manual_seed(0)
    net = nn.Linear(64, 1, bias=False)
    optimizer = torch.optim.SGD(net.parameters(), lr=lr)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        for _ in range(calls):
            value = curvature / 2 * net.weight.square().sum()
            value.backward()
        return value

    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(steps):
            net(torch.zeros(1, 64))
            if closure:
                optimizer.step(loss)
            else:
                loss()
                optimizer.step()
    return watch.read()


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.4])  # lr * curvature
def test_curvature_takes_half_of_itself_times_the_rate(rate: float, tmp_path: Path) -> None:
    share = kept(parabola(4.0, rate / 4, tmp_path))
    assert share is not None
    assert share.share == pytest.approx(1 - rate / 2, abs=0.03)
    assert share.pace == pytest.approx((1 - rate) ** (2 * 2 * STEPS / 3), rel=0.01)


@pytest.mark.parametrize("calls", [1, 3])
def test_a_promise_is_twice_the_rate_times_the_curvature_of_all_that_backward_was_called_on(
    calls: int, tmp_path: Path
) -> None:
    values = promises(parabola(4.0, 0.05, tmp_path, calls)).values
    assert len(values) == STEPS
    assert values == pytest.approx([2 * calls * 0.05 * 4.0] * STEPS, rel=1e-3)


def test_gradients_that_a_closure_computes_are_not_known_before_the_step(tmp_path: Path) -> None:
    record = parabola(4.0, 0.05, tmp_path, closure=True)
    assert kept(record) is None
    assert not promises(record)


def of(
    descent: float, loss: float = 1.0, steps: int = 3 * LOOKS, optimizers: tuple[Optimizer, ...] = (SGD,)
) -> Record:
    return run(figures={("", "update.descent"): descent}, steps=steps, loss=lambda step: loss, optimizers=optimizers)


def test_nothing_is_said_of_losses_below_0_or_of_optimizers_in_turn() -> None:
    two = tuple(Optimizer(name, "SGD", {"lr": 0.1}, 1) for name in ("SGD", "SGD-2"))
    assert promises(of(0.5)).values == pytest.approx([0.5] * 3 * LOOKS)
    assert not promises(of(0.5, loss=-1.0))
    assert not promises(of(0.5, optimizers=two))
    assert kept(of(0.5)) is not None
    assert kept(of(0.5, optimizers=two)) is None
    assert kept(of(-0.5)) is None
    assert kept(of(0.5, steps=3 * LOOKS - 1)) is None
