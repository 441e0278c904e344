"""nll-without-log-softmax: what counts as log-probabilities."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.nll_without_log_softmax import NORMALISED
from headstart.record import Loss, Record

RULE = "nll-without-log-softmax"
X, Y = torch.randn(32, 6), torch.arange(32) % 3


def record(folder: Path, loss: Callable[[Tensor, Tensor], Tensor]) -> Record:
    return trained(folder, nn.Linear(6, 3), X, Y, loss)


SOUND: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "log_softmax": lambda z, y: F.nll_loss(z.log_softmax(1), y),
    "logsumexp by hand": lambda z, y: F.nll_loss(z - z.logsumexp(1, keepdim=True), y),
    "logarithm of softmax": lambda z, y: F.nll_loss((z.softmax(1) + 1e-8).log(), y),
    "half precision": lambda z, y: F.nll_loss(z.log_softmax(1).bfloat16().float(), y),
    "mixture of two": lambda z, y: F.nll_loss((z.softmax(1) / 2 + (-z).softmax(1) / 2).log(), y),
    "pictures": lambda z, y: F.nll_loss(z.log_softmax(1).view(32, 3, 1, 1), y.view(32, 1, 1)),
    "cross-entropy of logits": F.cross_entropy,
}


@pytest.mark.parametrize("form", SOUND)
def test_log_probabilities_may_be_computed_in_any_way(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


def test_logits_are_none(tmp_path: Path) -> None:
    finding = told(record(tmp_path, F.nll_loss), RULE)
    assert finding.severity == "error"


def test_probabilities_are_none_and_are_called_by_their_name(tmp_path: Path) -> None:
    finding = told(record(tmp_path, lambda z, y: F.nll_loss(z.softmax(1), y)), RULE)
    assert "probabilities" in finding.message
    assert finding.evidence[0].value >= math.log(3) + 1 / 3 - 1e-5  # log Σ exp(p) is least where all p are 1/C


@pytest.mark.parametrize(("off", "fires"), [(1.01 * NORMALISED, True), (0.99 * NORMALISED, False), (None, False)])
def test_the_limit_is_on_the_logarithm_of_the_sum(off: float | None, fires: bool) -> None:
    loss = Loss("nll", "nll_loss", "t.py:1", trained=True, log_mass=off)
    assert bool(said(run(chain(head()), losses=[(loss, 1.0)]), RULE)) is fires


LENGTHS = torch.full((8,), 4), torch.full((8,), 1)


def ctc(form: Callable[[Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """The batch as eight sequences of four steps, one symbol to be found in each."""
    return lambda z, y: F.ctc_loss(form(z.view(4, 8, 3)), y[:8].view(8, 1) % 2 + 1, *LENGTHS)


@pytest.mark.parametrize("axis", [None, 0, 1])
def test_ctc_of_what_is_not_normalised_over_the_last_axis_is_an_error(axis: int | None, tmp_path: Path) -> None:
    finding = told(record(tmp_path, ctc(lambda z: z if axis is None else z.log_softmax(axis))), RULE)
    assert finding.message.startswith("ctc_loss ")
    assert finding.remedy is not None
    assert "log_softmax(-1)" in finding.remedy.code


@pytest.mark.parametrize("padding", [0, 2])
def test_ctc_of_log_probabilities_is_sound_whatever_stands_in_the_padding(padding: int, tmp_path: Path) -> None:
    padded = ctc(lambda z: torch.cat([z.log_softmax(-1), torch.zeros(padding, 8, 3)]))
    assert said(record(tmp_path, padded), RULE) == []


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
