"""optimizer-never-steps: backwards for an optimizer that waits, and nothing that looks like them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from loops import X, Y, loss_of, net, watched
from records import said, told
from torch import nn

from headstart.diagnosis.rules.optimizer_never_steps import ENOUGH_BACKWARDS

RULE = "optimizer-never-steps"


def forgetful(model: nn.Module, backwards: int = ENOUGH_BACKWARDS, clears: bool = True) -> torch.optim.Optimizer:
    optimizer = torch.optim.Adam(model.parameters())
    for _ in range(backwards):
        if clears:
            optimizer.zero_grad()
        loss_of(model).backward()
    return optimizer


@pytest.mark.parametrize("clears", [True, False])
def test_backwards_without_a_step_are_an_error(tmp_path: Path, clears: bool) -> None:
    finding = told(watched(tmp_path, net(), lambda model: forgetful(model, clears=clears) and None), RULE)
    assert finding.severity == "error"
    assert finding.evidence[1].value == ENOUGH_BACKWARDS
    assert "Adam" in finding.message


def test_fewer_may_be_the_first_micro_batches(tmp_path: Path) -> None:
    assert not said(watched(tmp_path, net(), lambda model: forgetful(model, ENOUGH_BACKWARDS - 1) and None), RULE)


def saliency(model: nn.Module) -> None:
    torch.optim.Adam(model.parameters())
    for _ in range(30):
        x = X.clone().requires_grad_()
        loss_of(model, x).backward()


def fisher(model: nn.Module) -> None:
    for row, label in zip(X[:30], Y[:30], strict=True):
        model.zero_grad()
        loss_of(model, row[None], label[None]).backward()


def image(model: nn.Module) -> None:
    x = X.clone().requires_grad_()
    optimizer = torch.optim.Adam([x], lr=0.1)
    for _ in range(30):
        optimizer.zero_grad()
        loss_of(model, x).backward()
        optimizer.step()


def by_hand(model: nn.Module) -> None:
    torch.optim.Adam(model.parameters())
    for _ in range(30):
        model.zero_grad()
        loss_of(model).backward()
        for parameter in model.parameters():
            assert parameter.grad is not None
            parameter.data -= 0.1 * parameter.grad


def within_backward(model: nn.Module) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    last = next(iter(model.parameters()))
    last.register_post_accumulate_grad_hook(lambda _: optimizer.step())  # type: ignore[func-returns-value]
    for _ in range(30):
        optimizer.zero_grad()
        loss_of(model).backward()


def late(model: nn.Module) -> None:
    forgetful(model).step()


def gone(model: nn.Module) -> None:
    """An optimizer that was made and thrown away before the first backward."""
    torch.optim.Adam(model.parameters())
    fisher(model)


@pytest.mark.parametrize("loop", [saliency, fisher, image, by_hand, within_backward, late, gone])
def test_what_trains_nothing_on_purpose_or_otherwise_is_sound(
    tmp_path: Path, loop: Callable[[nn.Module], None]
) -> None:
    assert not said(watched(tmp_path, net(), loop), RULE)


def test_a_second_optimizer_that_steps_is_enough(tmp_path: Path) -> None:
    def loop(model: nn.Module) -> None:
        waiting, other = (torch.optim.SGD(part.parameters(), lr=0.1) for part in (model[0], model[4]))  # type: ignore[index]
        for _ in range(30):
            waiting.zero_grad()
            other.zero_grad()
            loss_of(model).backward()
            other.step()

    assert not said(watched(tmp_path, net(), loop), RULE)
