"""Classes that evaluation asks for and training lacks: from runs, both sides of each limit, and what only looks so."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from records import chain, head, run, said, told
from torch import Tensor, nn
from torch.nn import functional as F

import headstart as hs
from headstart.diagnosis.case import Case
from headstart.diagnosis.evaluated import DUE, OFTEN, RARE, lacks
from headstart.record import Loss, Record, Targets


def labels(trained: Sequence[float], evaluated: Sequence[float], **options: object) -> Record:
    """Of one loss that is trained on and another that is evaluated."""
    train = Loss("ce", "cross_entropy", "train.py:9", options, Targets(sum(trained), tuple(trained)), True)
    valid = Loss("valid", "cross_entropy", "train.py:20", evaluated=tuple(evaluated))
    figures = {("ce", f"loss.{name}"): 0.5 for name in ("commonest", "answered", "answered_class", "unvaried")}
    return run(chain(head()), figures, losses=[(train, 0.5), (valid, lambda step: None)])


def lacking(trained: Sequence[float], evaluated: Sequence[float]) -> list[int]:
    return [lack.label for lack in lacks(Case.of(labels(trained, evaluated)))]


def test_a_class_that_training_never_saw_was_cut_off() -> None:
    finding = told(labels([500, 500, 0], [50, 40, 10]), "data-not-shuffled")
    assert (finding.severity, finding.line) == ("warning", "train.py:20")
    assert [evidence.value for evidence in finding.evidence] == [0.1, 0.0]
    assert said(labels([500, 500, 0], [50, 40, 10]), "class-imbalance-ignored") == []


def test_where_training_has_but_one_class_the_others_were_not_cut_off() -> None:
    of_one = labels([1000, 0], [60, 40])  # the head has two units
    assert said(of_one, "labels-one-class")
    assert said(of_one, "data-not-shuffled") == []


def test_a_class_that_training_hardly_saw_is_advice_unless_the_loss_weighs_it() -> None:
    few = [500, 500, 5], [50, 40, 10]
    finding = told(labels(*few), "class-imbalance-ignored")
    assert (finding.severity, finding.line) == ("advice", "train.py:20")
    assert said(labels(*few), "data-not-shuffled") == []
    assert said(labels(*few, weight=[1.0, 1.0, 50.0]), "class-imbalance-ignored") == []


@pytest.mark.parametrize(
    ("trained", "evaluated", "expected"),
    [
        ((1000, 1000, 0), (100 - 100 * OFTEN - 1, 1, 100 * OFTEN), [2]),
        ((1000, 1000, 0), (100 - 99 * OFTEN, 1, 99 * OFTEN), []),  # rare in evaluation, too
        ((100, 100, 0), (80, 10, 10), [2]),  # DUE / 0.1 labels
        ((100, 99, 0), (80, 10, 10), []),
        ((500, 500, 0), (20, 20, 1), []),  # a single label may be a mistake
    ],
)
def test_both_sides_of_each_limit(trained, evaluated, expected) -> None:
    assert DUE == 20
    assert lacking(trained, evaluated) == expected


def test_parts_of_sorted_data_lack_each_others_classes() -> None:
    finding = told(labels([500, 480, 20], [0, 0, 245]), "data-not-shuffled")
    assert finding.evidence[1].value == pytest.approx(0.02)


def test_balanced_training_lacks_nothing() -> None:
    classes = 50
    evaluated = [951.0, *[1.0] * (classes - 1)]  # natural frequencies: one class has 95 %
    assert lacking([20.0] * classes, evaluated) == []
    assert lacking([20.0 * RARE * 0.9, *[20.0] * (classes - 1)], evaluated) == [0]


def test_losses_over_the_same_classes_are_trained_on_together() -> None:
    first, second = (
        Loss(f"task{i}", "cross_entropy", "train.py:9", {}, Targets(500, mass), True)
        for i, mass in enumerate([(250.0, 250.0, 0.0, 0.0), (0.0, 0.0, 250.0, 250.0)])
    )
    valid = Loss("valid", "cross_entropy", "train.py:20", evaluated=(25.0, 25.0, 25.0, 25.0))
    record = run(chain(head()), losses=[(first, 0.5), (second, 0.5), (valid, lambda step: None)])
    assert list(lacks(Case.of(record))) == []


def trained_on(part: slice, path: Path, y: Tensor) -> Record:
    torch.manual_seed(0)
    x = torch.randn(len(y), 6) + 2 * torch.eye(6)[y]
    net = nn.Linear(6, 6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(40):
            optimizer.zero_grad()
            F.cross_entropy(net(x[part]), y[part]).backward()
            optimizer.step()
        with torch.no_grad():
            F.cross_entropy(net(x[480:]), y[480:])
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def test_a_run_on_data_cut_in_their_order_is_seen_and_on_shuffled_ones_is_not(tmp_path: Path) -> None:
    y = torch.arange(6).repeat_interleave(100)
    record = trained_on(slice(0, 480), tmp_path, y)
    assert [lack.label for lack in lacks(Case.of(record))] == [5]
    (tmp_path / "shuffled").mkdir()
    shuffled = trained_on(slice(0, 480), tmp_path / "shuffled", y[torch.randperm(600)])
    assert list(lacks(Case.of(shuffled))) == []
