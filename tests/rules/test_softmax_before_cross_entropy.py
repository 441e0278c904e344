"""softmax-before-cross-entropy: which graphs it sees, and the floor that it names."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told
from torch import Tensor, nn
from torch.distributions import Categorical
from training import trained

from headstart.record import Loss, Record

RULE = "softmax-before-cross-entropy"
X, Y = torch.randn(32, 6), torch.arange(32) % 3


def record(folder: Path, loss: Callable[[Tensor, Tensor], Tensor]) -> Record:
    return trained(folder, nn.Linear(6, 3), X, Y, loss)


DOUBLED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "function": lambda z, y: F.cross_entropy(F.softmax(z, dim=1), y),
    "method": lambda z, y: F.cross_entropy(z.softmax(-1), y),
    "module": lambda z, y: nn.CrossEntropyLoss()(nn.Softmax(dim=1)(z), y),
    "pictures": lambda z, y: F.cross_entropy(z.softmax(1).view(32, 3, 1, 1), y.view(32, 1, 1)),
    "sequences": lambda z, y: F.cross_entropy(z.view(8, 4, 3).softmax(-1).transpose(1, 2), y.view(8, 4)),
    "one axis too many": lambda z, y: F.cross_entropy(z.unsqueeze(1).softmax(-1).squeeze(1), y),
    "probabilities as labels": lambda z, y: F.cross_entropy(z.softmax(1), F.one_hot(y, 3).float()),
}
SOUND: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logits": F.cross_entropy,
    "log-softmax, twice": lambda z, y: F.cross_entropy(z.log_softmax(1), y),
    "sharpened": lambda z, y: F.cross_entropy(z.softmax(1) * 10, y),
    "nll": lambda z, y: F.nll_loss(z.log_softmax(1), y),
}


@pytest.mark.parametrize("form", DOUBLED)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, DOUBLED[form]), RULE)
    assert finding.severity == "error"
    assert finding.line is not None
    assert "test_softmax_before_cross_entropy.py:" in finding.line


@pytest.mark.parametrize("form", SOUND)
def test_what_takes_logits_or_does_nothing_twice_is_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize("classes", [2, 10, 1000])
def test_the_floor_is_the_least_loss_that_probabilities_can_reach(classes: int) -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", {"classes": classes}, trained=True, made_by="softmax")
    finding = told(run(chain(head()), losses=[(loss, 2.0)]), RULE)
    sure = F.one_hot(torch.zeros(1, dtype=torch.long), classes).double()
    least = F.cross_entropy(sure, torch.zeros(1, dtype=torch.long)).item()
    assert finding.evidence[0].value == pytest.approx(least) == pytest.approx(math.log(math.e + classes - 1) - 1)


def test_a_loss_that_no_backward_went_through_is_none() -> None:
    loss = Loss("ce", "cross_entropy", "t.py:1", made_by="softmax")
    assert said(run(chain(head()), losses=[(loss, 2.0)]), RULE) == []


AGAIN: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "a policy": lambda z, y: -Categorical(logits=z.softmax(-1)).log_prob(y).mean(),
    "log-softmax": lambda z, y: F.nll_loss(F.log_softmax(nn.Softmax(1)(z), 1), y),
    "by hand": lambda z, y: (p := z.softmax(1)).logsumexp(1).mean() - p.gather(1, y[:, None]).mean(),
}
ONCE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "logits": lambda z, y: -Categorical(logits=z).log_prob(y).mean(),
    "probabilities": lambda z, y: -Categorical(probs=z.softmax(-1)).log_prob(y).mean(),
    "another axis": lambda z, y: F.nll_loss(z.softmax(0).log_softmax(1), y),
    "a temperature": lambda z, y: F.nll_loss((z.softmax(1) / 0.1).log_softmax(1), y),
    "entropy": lambda z, y: F.cross_entropy(z, y) + (z.softmax(1) * z.log_softmax(1)).sum(1).mean(),
}


@pytest.mark.parametrize("form", AGAIN)
def test_a_likelihood_of_probabilities_is_seen_without_a_loss_function(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, AGAIN[form]), RULE)
    sure = F.one_hot(torch.tensor(0), 3).double().softmax(0).max()
    assert finding.evidence[0].value == pytest.approx(sure.item())


@pytest.mark.parametrize("form", ONCE)
def test_one_softmax_is_one(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, ONCE[form]), RULE) == []


def test_a_run_without_a_softmax_is_fine() -> None:
    assert said(run(chain(head())), RULE) == []
