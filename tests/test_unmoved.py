"""Terms of a loss that move nothing, in the loops of two players."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.ledger import STEPS
from headstart.record import Record

RULE = "gradient-detached"


class Players(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.g = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
        self.d = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1))


def verdict(score: Tensor, real: bool) -> Tensor:
    return F.mse_loss(score, torch.ones_like(score) if real else torch.zeros_like(score))


def generators(net: Players, z: Tensor, x: Tensor, cut: bool) -> Tensor:
    fake = net.g(z)
    score = net.d(fake.detach() if cut else fake)
    loss = F.mse_loss(score, torch.ones_like(score))
    return loss + F.l1_loss(fake, x)


def played(
    folder: Path,
    turn: Callable[[Players, Callable[[str], torch.optim.Optimizer], Tensor, Tensor], None],
    steps: int = 12,
) -> Record:
    torch.manual_seed(0)
    net = Players()
    optimizers = {name: torch.optim.Adam(getattr(net, name).parameters(), lr=1e-3) for name in "gd"}
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(steps):
            turn(net, optimizers.__getitem__, torch.randn(16, 4), torch.randn(16, 3))
    record = watch.read()
    assert "fault" not in record.meta, record.meta.get("fault")
    return record


def in_turns(cut: bool, to_none: bool = True) -> Callable[..., None]:
    def turn(net: Players, optimizer: Callable[[str], torch.optim.Optimizer], z: Tensor, x: Tensor) -> None:
        net.zero_grad(set_to_none=to_none)
        generators(net, z, x, cut).backward()
        optimizer("g").step()
        net.zero_grad(set_to_none=to_none)
        (verdict(net.d(x), True) + verdict(net.d(net.g(z).detach()), False)).backward()
        optimizer("d").step()

    return turn


@pytest.mark.parametrize("to_none", [True, False])
def test_a_term_of_detached_samples_moves_nothing(tmp_path: Path, to_none: bool) -> None:
    finding = told(played(tmp_path, in_turns(cut=True, to_none=to_none)), RULE)
    assert Path(__file__).name in (finding.line or "")
    assert "detach" in finding.cause


def test_the_players_of_a_sound_game_move_one_another(tmp_path: Path) -> None:
    assert said(played(tmp_path, in_turns(cut=False)), RULE) == []


def test_a_step_along_its_gradient_is_enough(tmp_path: Path) -> None:
    """Both step after one backward: the term is the discriminator's own."""

    def together(net: Players, optimizer: Callable[[str], torch.optim.Optimizer], z: Tensor, x: Tensor) -> None:
        net.zero_grad()
        generators(net, z, x, cut=True).backward()
        optimizer("g").step()
        optimizer("d").step()

    assert said(played(tmp_path, together), RULE) == []


def test_gradients_that_are_gathered_for_a_later_step_are_used(tmp_path: Path) -> None:
    count = 0

    def now_and_then(net: Players, optimizer: Callable[[str], torch.optim.Optimizer], z: Tensor, x: Tensor) -> None:
        nonlocal count
        count += 1
        optimizer("g").zero_grad()
        generators(net, z, x, cut=True).backward()
        optimizer("g").step()
        if count % 4 == 0:
            optimizer("d").step()
            optimizer("d").zero_grad()

    assert said(played(tmp_path, now_and_then, 24), RULE) == []


def test_of_few_steps_nothing_is_said(tmp_path: Path) -> None:
    assert said(played(tmp_path, in_turns(cut=True), STEPS - 1), RULE) == []
