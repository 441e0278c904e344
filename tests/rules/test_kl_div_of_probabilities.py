"""kl-div-of-probabilities: what kl_div is given, however it was computed."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.rules.kl_div_of_probabilities import NORMALISED
from headstart.record import Loss, Record

RULE = "kl-div-of-probabilities"
X, P = torch.randn(32, 6), torch.randn(32, 4).softmax(1)

Form = Callable[[Tensor, Tensor], Tensor]


def record(folder: Path, loss: Form) -> Record:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # torch's own, of reduction="mean"
        return trained(folder, nn.Linear(6, 4), X, P, loss)


WRONG: dict[str, Form] = {
    "probabilities": lambda z, p: F.kl_div(z.softmax(1), p, reduction="batchmean"),
    "module": lambda z, p: nn.KLDivLoss(reduction="batchmean")(F.softmax(z, -1), p),
    "mean": lambda z, p: F.kl_div(z.softmax(1), p),
    "target as logarithm": lambda z, p: F.kl_div(z.softmax(1), p.log(), reduction="sum", log_target=True),
    "half precision": lambda z, p: F.kl_div(z.softmax(1).bfloat16().float(), p, reduction="batchmean"),
    "sequences": lambda z, p: F.kl_div(z.view(8, 4, 4).softmax(-1), p.view(8, 4, 4), reduction="batchmean"),
    "classes in the middle": lambda z, p: F.kl_div(z.softmax(1).view(8, 4, 4).mT, p.view(8, 4, 4).mT, reduction="sum"),
    "logits": lambda z, p: F.kl_div(z, p, reduction="batchmean"),
}
SOUND: dict[str, Form] = {
    "log_softmax": lambda z, p: F.kl_div(z.log_softmax(1), p, reduction="batchmean"),
    "logarithm": lambda z, p: F.kl_div((z.softmax(1) + 1e-8).log(), p, reduction="batchmean"),
    "temperature": lambda z, p: F.kl_div((z / 3).log_softmax(1), p, reduction="batchmean") * 9,
    "unnormalised by design": lambda z, p: F.kl_div(z.exp().clamp(max=5).log1p(), p, reduction="batchmean"),
    "cross-entropy of probabilities": lambda z, p: F.cross_entropy(z, p),
}


@pytest.mark.parametrize("form", WRONG)
def test_it_is_seen_however_it_is_written(form: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, WRONG[form]), RULE)
    assert finding.severity == "error"
    assert ("linear layer" if form == "logits" else "probabilities where") in finding.message
    assert finding.remedy is not None
    eval(finding.remedy.code, {"torch": torch, "logits": X[:, :4], "target": P})


@pytest.mark.parametrize("form", SOUND)
def test_log_probabilities_may_be_computed_in_any_way(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize(("off", "fires"), [(1.01 * NORMALISED, True), (0.99 * NORMALISED, False), (None, False)])
def test_the_limit_is_on_what_a_linear_layer_gives(off: float | None, fires: bool) -> None:
    loss = Loss("kl", "kl_div", "t.py:1", trained=True, made_by="addmm", log_mass=off)
    assert bool(said(run(chain(head()), losses=[(loss, 1.0)]), RULE)) is fires


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
