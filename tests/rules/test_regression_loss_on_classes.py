"""regression-loss-on-classes: even whole numbers of one column; absolute errors of one-hot labels."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

from headstart.diagnosis.constant import best_constant
from headstart.diagnosis.rules.regression_loss_on_classes import CLASSES, EVEN
from headstart.record import Loss, Record, Targets

RULE = "regression-loss-on-classes"
X = torch.randn(60, 6)


def record(folder: Path, y: Tensor, kind: str = "mse_loss") -> Record:
    y = y.reshape(60, -1)
    return trained(folder, nn.Linear(6, y.shape[1]), X, y, getattr(F, kind), steps=3)


@pytest.mark.parametrize("kind", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
def test_class_numbers_are_seen_and_it_is_advice(kind: str, tmp_path: Path) -> None:
    finding = told(record(tmp_path, torch.arange(60) % 4.0, kind), RULE)
    assert finding.severity == "advice"
    assert "0 to 3" in finding.message
    assert finding.remedy is not None
    names = {"torch": torch, "logits": torch.randn(60, 4), "target": (torch.arange(60) % 4.0).unsqueeze(1)}
    eval(finding.remedy.code, names)


SOUND = {
    "two": torch.arange(60) % 2.0,
    "from one on": 1 + torch.arange(60) % 4.0,
    "halves": torch.arange(60) % 4 / 2,
    "one-hot": F.one_hot(torch.arange(60) % 4).float(),
    "a number left out": (torch.arange(60) % 3.0) * 2,
    "counts": torch.poisson(torch.full((60,), 3.0), torch.Generator().manual_seed(0)),
    "binomial": torch.randn(60, 8, generator=torch.Generator().manual_seed(0)).gt(0).sum(1).float(),
}


@pytest.mark.parametrize("form", SOUND)
def test_amounts_are_left_alone(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


@pytest.mark.parametrize(
    ("counts", "fires"),
    [
        ((10.0,) * CLASSES, True),
        ((10.0,) * (CLASSES - 1), False),
        ((100.0, 100.0, 200 * EVEN / (3 - EVEN) + 1), True),
        ((100.0, 100.0, 200 * EVEN / (3 - EVEN) - 1), False),
    ],
)
def test_the_limits_are_on_the_number_of_classes_and_on_the_rarest(counts: tuple[float, ...], fires: bool) -> None:
    loss = Loss("mse", "mse_loss", "t.py:1", trained=True, counts=counts)
    assert bool(said(run(chain(head()), losses=[(loss, 1.0)]), RULE)) is fires


def one_hot(classes: int, weights: tuple[int, ...] = (), kind: str = "l1_loss", blur: float = 0.0) -> Loss:
    """Labels of `classes` classes, as often as `weights` says."""
    labels = torch.repeat_interleave(torch.arange(classes), torch.tensor(weights or (10,) * classes))
    rows = F.one_hot(labels, classes).float() * (1 - blur) + blur / classes
    total = tuple(rows.sum(0).tolist())
    spread = tuple(((rows - rows.mean(0)) ** 2).sum(0).tolist())
    return Loss(
        kind, kind, "t.py:1", {}, Targets(len(rows), (), total, spread, tuple(map(tuple, rows.tolist()))), True
    )


@pytest.mark.parametrize(
    ("loss", "skill", "fires"),
    [
        (one_hot(10), -0.8, True),
        (one_hot(CLASSES), 0.0, True),
        (one_hot(10), 0.5, True),
        (one_hot(2), 0.0, False),
        (one_hot(3, (49, 26, 25)), 0.0, True),
        (one_hot(3, (50, 25, 25)), 0.0, False),
        (one_hot(10, blur=0.1), 0.0, False),
        (one_hot(10, kind="mse_loss"), 0.0, False),
    ],
    ids=["ten", "three", "it learns", "two", "under half", "half", "smoothed", "squares"],
)
def test_medians_of_one_hot_labels_are_zero(loss: Loss, skill: float, fires: bool) -> None:
    constant = best_constant(loss)
    assert constant is not None
    record = run(chain(head()), losses=[(loss, (1 - skill) * constant.loss)])
    assert [finding.severity for finding in said(record, RULE)] == ["advice" if skill > 0 else "warning"] * fires


def test_the_best_constant_by_absolute_errors_names_no_class() -> None:
    y = F.one_hot(torch.arange(60) % 5).float()
    assert torch.equal(y.median(0).values, torch.zeros(5))
    assert F.l1_loss(torch.zeros_like(y), y) < F.l1_loss(y.mean(0).expand_as(y), y)


def test_its_remedy_is_cross_entropy_on_the_classes() -> None:
    loss = one_hot(4)
    finding = told(run(chain(head()), losses=[(loss, 0.3)]), RULE)
    assert finding.remedy is not None
    eval(
        finding.remedy.code,
        {"torch": torch, "logits": torch.randn(40, 4), "target": torch.tensor(loss.targets.sample)},
    )


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
