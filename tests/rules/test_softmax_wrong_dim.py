"""softmax-wrong-dim: over which axis a softmax went, wherever views and transposes carried it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.record import Loss, Record

RULE = "softmax-wrong-dim"
X, Y = torch.randn(32, 6), torch.arange(32) % 3

Form = Callable[[Tensor, Tensor], Tensor]


def record(folder: Path, loss: Form) -> Record:
    return trained(folder, nn.Linear(6, 3), X, Y, loss)


WRONG: dict[str, Form] = {
    "log_softmax over the batch": lambda z, y: F.nll_loss(z.log_softmax(0), y),
    "logarithm of a softmax over the batch": lambda z, y: F.nll_loss((z.softmax(0) + 1e-8).log(), y),
    "module": lambda z, y: nn.NLLLoss()(nn.LogSoftmax(dim=0)(z), y),
    "negative": lambda z, y: F.nll_loss(z.log_softmax(-2), y),
    "over the positions": lambda z, y: F.nll_loss(z.view(8, 4, 3).log_softmax(1).transpose(1, 2), y.view(8, 4)),
    "implicit, of three dimensions": lambda z, y: F.nll_loss(z.view(8, 4, 3).log_softmax(0).mT, y.view(8, 4)),
    "before cross_entropy": lambda z, y: F.cross_entropy(z.log_softmax(0), y),
    "before squares of one-hot labels": lambda z, y: F.mse_loss(z.softmax(0), F.one_hot(y, 3).float()),
    "before the binary one": lambda z, y: F.binary_cross_entropy(z.softmax(dim=0), F.one_hot(y, 3).float()),
}
SOUND: dict[str, Form] = {
    "over the classes": lambda z, y: F.nll_loss(z.log_softmax(1), y),
    "from the end": lambda z, y: F.nll_loss(z.log_softmax(-1), y),
    "sequences, flattened": lambda z, y: F.nll_loss(z.view(8, 4, 3).log_softmax(-1).view(-1, 3), y),
    "sequences, turned": lambda z, y: F.nll_loss(z.view(8, 4, 3).log_softmax(2).permute(0, -1, 1), y.view(8, 4)),
    "shifted": lambda z, y: F.nll_loss(
        z.view(8, 4, 3).log_softmax(-1)[:, :-1].reshape(-1, 3), y.view(8, 4)[:, 1:].flatten()
    ),
    "classes in front": lambda z, y: F.nll_loss(z.t().log_softmax(0).t(), y),
    "pictures": lambda z, y: F.nll_loss(z.view(2, 4, 4, 3).permute(0, 3, 1, 2).log_softmax(1), y.view(2, 4, 4)),
    "similarities, by columns": lambda z, y: F.nll_loss((z @ z.t()).log_softmax(0), torch.arange(32)),
    "similarities, both ways": lambda z, y: (
        F.nll_loss((z @ z.t()).log_softmax(0).t(), torch.arange(32)) + F.cross_entropy(z @ z.t(), torch.arange(32))
    ),
    "squares of one-hot labels": lambda z, y: F.mse_loss(z.softmax(1), F.one_hot(y, 3).float()),
    "shares over the batch": lambda z, y: F.mse_loss(z.softmax(0), torch.rand(32, 3).softmax(0)),
    "an attention over the batch within": lambda z, y: F.cross_entropy((z @ z.t()).softmax(0) @ z, y),
}


@pytest.mark.parametrize("form", WRONG)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    seen = record(tmp_path, WRONG[form])
    finding = told(seen, RULE)
    assert finding.severity == ("error" if "cross_entropy" not in form else "warning")
    assert finding.line is not None
    assert "test_softmax_wrong_dim.py:" in finding.line
    assert said(seen, "nll-without-log-softmax") == []  # one fault, told once


@pytest.mark.parametrize("form", SOUND)
def test_over_the_classes_wherever_they_lie_is_sound(form: str, tmp_path: Path) -> None:
    seen = record(tmp_path, SOUND[form])
    assert said(seen, RULE) == []
    assert said(seen, "nll-without-log-softmax") == []


def test_its_remedy_normalises_over_the_classes(tmp_path: Path) -> None:
    code = told(record(tmp_path, WRONG["log_softmax over the batch"]), RULE).remedy
    assert code is not None
    z = torch.randn(5, 3)
    loss = eval(code.code, {"torch": torch, "logits": z, "target": Y[:5]})
    assert torch.equal(loss, F.cross_entropy(z, Y[:5]))


def test_an_axis_as_long_as_that_of_the_classes_is_let_pass() -> None:
    loss = Loss("nll", "nll_loss", "t.py:1", trained=True, shape=(4, 3), softmax_axis=0)
    assert told(run(chain(head()), losses=[(loss, 1.0)]), RULE).evidence[0].value == 0
    square = Loss("nll", "nll_loss", "t.py:1", trained=True, shape=(3, 3), softmax_axis=0)
    assert said(run(chain(head()), losses=[(square, 1.0)]), RULE) == []


def test_softmax_before_cross_entropy_is_told_by_its_own_rule(tmp_path: Path) -> None:
    seen = record(tmp_path, lambda z, y: F.cross_entropy(z.softmax(0), y))
    assert said(seen, RULE) == []
    assert told(seen, "softmax-before-cross-entropy").severity == "error"


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
