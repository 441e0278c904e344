"""softmax-of-one: a softmax next to the loss that never has a choice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

import headstart as hs
from headstart.record import Loss, Record

RULE = "softmax-of-one"
X, Y = torch.randn(32, 6), (torch.arange(32) % 2).float().unsqueeze(1)

Form = Callable[[Tensor, Tensor], Tensor]


def record(folder: Path, loss: Form) -> Record:
    return trained(folder, nn.Linear(6, 1), X, Y, loss)


WRONG: dict[str, Form] = {
    "softmax of one column": lambda z, y: F.binary_cross_entropy(z.softmax(1), y),
    "of its last axis": lambda z, y: F.mse_loss(F.softmax(z, dim=-1).squeeze(1), y.squeeze(1)),
    "cross-entropy of one class": lambda z, y: F.cross_entropy(z, torch.zeros(32, dtype=torch.long)),
    "its probabilities": lambda z, y: F.cross_entropy(z, y),
}
SOUND: dict[str, Form] = {
    "sigmoid": lambda z, y: F.binary_cross_entropy(z.sigmoid(), y),
    "two classes": lambda z, y: F.cross_entropy(torch.cat([z, -z], 1), y.squeeze(1).long()),
    "over the batch": lambda z, y: F.mse_loss(z.softmax(0), y),
    "a bare attention without a layer": lambda z, y: F.mse_loss(y.softmax(1) * z, y),
    "an attention over the batch": lambda z, y: F.mse_loss(z.softmax(0) * z, y),
}


@pytest.mark.parametrize("form", WRONG)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, WRONG[form]), RULE)
    assert finding.severity == "error"
    assert finding.evidence[0].value == 1


@pytest.mark.parametrize("form", SOUND)
def test_a_choice_or_no_softmax_is_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize(("widths", "fires"), [((1, 1, 1), True), ((1, 1, 4), False), ((4, 1, 1), False)])
def test_one_call_with_more_than_one_value_is_enough(widths: tuple[int, ...], fires: bool, tmp_path: Path) -> None:
    net = nn.Linear(6, 4)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for width in widths:
            F.cross_entropy(net(X)[:, :width], torch.zeros(32, dtype=torch.long)).backward()
            optimizer.step()
    assert bool(said(watch.read(), RULE)) is fires


class Weighed(nn.Module):
    """Words that are weighed by their scores: over the scores' own axis, or over the words."""

    def __init__(self, axis: int) -> None:
        super().__init__()
        self.scores, self.out, self.axis = nn.Linear(6, 1), nn.Linear(6, 1), axis

    def forward(self, words: Tensor) -> Tensor:
        return self.out((self.scores(words).softmax(self.axis) * words).sum(1))


def lengths(folder: Path, net: nn.Module, words: list[int]) -> Record:
    optimizer = torch.optim.SGD(net.parameters(), lr=0.0)
    with hs.watch(net, record=folder / "run.db") as watch:
        for length in words:
            F.mse_loss(net(torch.randn(32, length, 6)), Y).backward()
            optimizer.step()
    return watch.read()


@pytest.mark.parametrize(
    ("axis", "words", "fires"),
    [
        (2, [5] * 4, True),
        (2, [3, 5, 1, 2], True),
        (1, [5] * 4, False),
        (1, [1] * 3, True),
        (1, [1] * 2, False),  # too few to tell
        (1, [1, 1, 1, 5], False),  # one step in some batches
        (1, [5, 1, 1, 1], False),
        (1, [1] * 16 + [4], False),
    ],
)
def test_within_a_net_every_look_counts(axis: int, words: list[int], fires: bool, tmp_path: Path) -> None:
    findings = said(lengths(tmp_path, Weighed(axis), words), RULE)
    assert bool(findings) is fires
    assert all(finding.layer == "scores" and finding.severity == "advice" for finding in findings)


def test_within_a_net_it_is_told_once_and_warned_of_where_nothing_is_learnt(tmp_path: Path) -> None:
    near = Loss("ce", "cross_entropy", "t.py:1", trained=True, softmax_size=1)
    for skill, losses, severity in ((0.0, [], "warning"), (0.9, [], "advice"), (0.0, [(near, 0.0)], "error")):
        found = run(chain(linear("scores"), head()), losses=losses, skill=skill)
        found.meta = {**found.meta, "softmax_of_one": {"scores": 3}}
        assert told(found, RULE).severity == severity


def test_beside_a_loss_that_is_learnt_it_is_a_warning() -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", trained=True, softmax_size=1)
    assert told(run(chain(head()), losses=[(loss, 0.0)], skill=0.9), RULE).severity == "warning"
    assert told(run(chain(head()), losses=[(loss, 0.0)], skill=0.0), RULE).severity == "error"


def test_without_a_backward_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), steps=0))
