"""sigmoid-before-bce-with-logits: which graphs it sees, and the floor that it names."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.record import Record

RULE = "sigmoid-before-bce-with-logits"
X, Y = torch.randn(32, 6), (torch.arange(32) % 2).float()
bce = F.binary_cross_entropy_with_logits


def record(folder: Path, loss: Callable[[Tensor, Tensor], Tensor]) -> Record:
    return trained(folder, nn.Linear(6, 1), X, Y, loss)


DOUBLED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "function": lambda z, y: bce(torch.sigmoid(z).squeeze(1), y),
    "method": lambda z, y: bce(z.squeeze(1).sigmoid(), y),
    "module": lambda z, y: nn.BCEWithLogitsLoss()(nn.Sigmoid()(z).view(-1), y),
    "by another name": lambda z, y: nn.MultiLabelSoftMarginLoss()(z.sigmoid(), y[:, None]),
}
SOUND: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logits": lambda z, y: bce(z.squeeze(1), y),
    "probabilities where they belong": lambda z, y: F.binary_cross_entropy(z.sigmoid().squeeze(1), y),
    "logits, by another name": lambda z, y: F.multilabel_soft_margin_loss(z, y[:, None], reduction="sum"),
    "moved to both sides of zero": lambda z, y: bce(8 * z.sigmoid().squeeze(1) - 4, y),
}


@pytest.mark.parametrize("form", DOUBLED)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    assert told(record(tmp_path, DOUBLED[form]), RULE).severity == "error"


@pytest.mark.parametrize("form", SOUND)
def test_what_is_sound_is_let_pass(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


def test_the_floor_is_what_a_label_of_0_costs_at_least(tmp_path: Path) -> None:
    finding = told(record(tmp_path, DOUBLED["function"]), RULE)
    assert finding.evidence[0].value == pytest.approx(bce(torch.zeros(1), torch.zeros(1)).item())


def test_it_names_the_function_that_was_called(tmp_path: Path) -> None:
    finding = told(record(tmp_path, DOUBLED["by another name"]), RULE)
    assert "multilabel_soft_margin_loss" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("torch.nn.functional.multilabel_soft_margin_loss(logits, target)")


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
