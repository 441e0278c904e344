"""Two players by turns: a forger who is trained by the label that the judge gives to forgeries, and sound games."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import SGD, chain, head, run
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.case import Case
from headstart.diagnosis.players import LEAST, LOOKS, Allies, allies
from headstart.record import Loss, Record, Targets

STEPS = 60
Role = Callable[[Tensor, nn.Module], Tensor]


def role(name: str, label: float, count: float = 640.0, **facts: object) -> Loss:
    kind = "binary_cross_entropy_with_logits"
    return Loss(name, kind, "gan.py:9", {}, Targets(count, (), (label * count,)), True, **facts)  # type: ignore[arg-type]


def game(own: float, judge: float, *, labels: tuple[float, float] = (1.0, 0.5), negated: bool = False) -> Record:
    """The judge's optimizer takes the even steps, the forger's the odd ones."""
    forger = role("forger", labels[0], negated=negated)
    losses = [(role("judge", labels[1]), lambda step: judge), (forger, lambda step: own)]
    record = run(chain(head()), losses=losses, steps=STEPS, optimizers=(SGD, replace(SGD, name="SGD-2")))
    record._rows = [(*row[:4], "SGD" if row[0] % 2 == 0 else "SGD-2", row[5]) for row in record._rows]
    record._loss_rows = [row for row in record._loss_rows if (row[1] == "judge") is (row[0] % 2 == 0)]
    return record


def found(record: Record) -> Allies | None:
    return allies(Case.of(record))


def test_losses_that_are_both_small_are_of_no_opponents() -> None:
    seen = found(game(0.1, 0.1))
    assert seen is not None
    assert (seen.loss.name, seen.label, seen.own) == ("forger", 1, pytest.approx(0.1))
    assert seen.judges == pytest.approx(0.2)  # of a batch of both, all of the loss may be the forgeries'
    assert found(game(LEAST / 6 * 0.99, LEAST / 6)) is not None
    assert found(game(LEAST / 6 * 1.01, LEAST / 6)) is None


def test_a_stake_that_the_judge_does_not_know_is_of_no_opponents() -> None:
    assert found(game(2.2 + LEAST * 1.01, 1.1, negated=True)) is not None
    assert found(game(2.2 + LEAST * 0.99, 1.1, negated=True)) is None


def test_a_judge_has_both_labels_and_a_forger_one() -> None:
    assert found(game(0.1, 0.1, labels=(0.9, 0.5))) is None
    assert found(game(0.1, 0.1, labels=(1.0, 0.0))) is None


def test_one_optimizer_or_steps_that_both_share_are_no_game() -> None:
    record = game(0.1, 0.1)
    record.optimizers = record.optimizers[:1]
    assert found(record) is None
    record = game(0.1, 0.1)
    record._rows = [(*row[:4], "SGD", row[5]) for row in record._rows]
    assert found(record) is None


def test_a_loss_that_was_left_is_not_judged() -> None:
    record = game(0.1, 0.1)
    record._loss_rows = [row for row in record._loss_rows if row[1] == "judge" or row[0] < 40 + 2 * LOOKS]
    assert found(record) is not None
    record._loss_rows = [row for row in record._loss_rows if row[1] == "judge" or row[0] < 40 + 2 * LOOKS - 1]
    assert found(record) is None


BCE = nn.functional.binary_cross_entropy_with_logits
GAMES: dict[str, tuple[bool, Callable[[Tensor], Tensor]]] = {
    "by the label of real samples": (False, lambda z: BCE(z, torch.ones_like(z))),
    "for one stake": (False, lambda z: -BCE(z, torch.zeros_like(z))),
    "by the label of forgeries": (True, lambda z: BCE(z, torch.zeros_like(z))),
    "the negative of the wrong label": (True, lambda z: -BCE(z, torch.ones_like(z))),
}


@pytest.mark.parametrize("how", GAMES)
@pytest.mark.parametrize("whole", [True, False])
def test_what_is_read_of_a_game(how: str, whole: bool, tmp_path: Path) -> None:
    """The judge sees real samples and forgeries in one batch (`whole`) or in two calls."""
    torch.manual_seed(0)
    forger = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    judge = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    ours, theirs = (torch.optim.Adam(net.parameters(), lr=0.03) for net in (forger, judge))
    wrong, form = GAMES[how]
    with hs.watch(nn.ModuleList((forger, judge)), record=tmp_path / "run.db") as watch:
        for _ in range(120):
            real, forged = 2 + 0.3 * torch.randn(32, 1), forger(torch.randn(32, 2))
            theirs.zero_grad()
            if whole:
                labels = torch.cat((torch.ones(32, 1), torch.zeros(32, 1)))
                BCE(judge(torch.cat((real, forged.detach()))), labels).backward()
            else:
                parts = [
                    BCE(judge(x), y.expand(32, 1))
                    for x, y in ((real, torch.ones(1)), (forged.detach(), torch.zeros(1)))
                ]
                sum(parts).backward()  # type: ignore[union-attr]
            theirs.step()
            ours.zero_grad()
            form(judge(forged)).backward()
            ours.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    assert (found(record) is not None) is wrong
