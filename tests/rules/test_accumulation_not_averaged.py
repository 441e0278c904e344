"""accumulation-not-averaged: sums of gradients where their mean was meant."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from loops import X, Y, loss_of, net, watched
from records import COIN, chain, head, run, said, told
from torch import Tensor, nn

from headstart.record import Record

RULE = "accumulation-not-averaged"
Change = Callable[[Tensor], Tensor]


def accumulated(
    folder: Path, parts: Callable[[int], int], change: Change, kind: type[torch.optim.Optimizer] = torch.optim.SGD
) -> Record:
    def loop(model: nn.Module) -> None:
        optimizer = kind(model.parameters(), lr=1e-3)  # type: ignore[call-arg]
        for step in range(20):
            optimizer.zero_grad()
            for part in range(parts(step)):
                change(loss_of(model, X[part::4], Y[part::4])).backward()
            optimizer.step()

    return watched(folder, net(), loop)


@pytest.mark.parametrize("parts", [2, 4])
def test_sums_are_told_with_their_number(tmp_path: Path, parts: int) -> None:
    finding = told(accumulated(tmp_path, lambda _: parts, lambda loss: loss), RULE)
    assert finding.evidence[0].value == parts
    assert finding.remedy is not None
    assert f"loss / {parts}" in finding.remedy.code


@pytest.mark.parametrize(("last", "fires"), [(4, True), (5, False)])
def test_some_steps_may_have_fewer_micro_batches(tmp_path: Path, last: int, fires: bool) -> None:
    record = accumulated(tmp_path, lambda step: 4 if step < 20 - last else 2, lambda loss: loss)
    assert bool(said(record, RULE)) is fires


@pytest.mark.parametrize("change", [lambda loss: loss / 4, lambda loss: loss * 0.5, lambda loss: loss * 1.002])
def test_a_loss_that_is_scaled_is_sound(tmp_path: Path, change: Change) -> None:
    assert not said(accumulated(tmp_path, lambda _: 4, change), RULE)


def test_one_backward_a_step_is_sound(tmp_path: Path) -> None:
    assert not said(accumulated(tmp_path, lambda _: 1, lambda loss: loss), RULE)


def test_adam_does_not_mind(tmp_path: Path) -> None:
    assert not said(accumulated(tmp_path, lambda _: 4, lambda loss: loss, torch.optim.Adam), RULE)


def test_two_losses_one_after_the_other_are_no_micro_batches(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for _ in range(20):
            optimizer.zero_grad()
            loss_of(model).backward()
            nn.functional.mse_loss(model(X), nn.functional.one_hot(Y, 2).float()).backward()
            optimizer.step()

    assert not said(watched(tmp_path, net(), loop), RULE)


def test_a_run_that_ends_in_nan_is_told_by_what_came_before(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
        for step in range(20):
            optimizer.zero_grad()
            for part in range(4):
                x = X[part::4] * (float("nan") if step > 10 else 1.0)
                loss_of(model, x, Y[part::4]).backward()
            optimizer.step()

    assert told(watched(tmp_path, net(), loop), RULE).evidence[0].value == 4


@pytest.mark.parametrize(("fall", "severity"), [(0.0, "warning"), (0.004, "advice")])
def test_steps_that_go_down_all_the_way_are_not_too_long(fall: float, severity: str) -> None:
    """In a run that does not learn."""
    value = {step: 2.0 - fall * step for step in range(60)}
    record = run(chain(head()), {("", "loop.backwards"): 4.0}, losses=[(COIN, value)], loss=value)
    record._loss_rows = [row for row in record._loss_rows for _ in range(4)]
    assert told(record, RULE).severity == severity
