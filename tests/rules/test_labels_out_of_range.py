"""labels-out-of-range: what a loss refuses is read as it raises, caught or not."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from records import said, told
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.rules.labels_out_of_range import SOFTENED
from headstart.monitor.refused import MOST, Refused
from headstart.record import Record

RULE = "labels-out-of-range"


def tried(
    folder: Path, batches: Sequence[Tensor], loss: nn.Module | None = None, net: nn.Module | None = None
) -> Record:
    """A loop that skips the batches that raise."""
    net = nn.Linear(6, 4) if net is None else net
    loss = nn.CrossEntropyLoss() if loss is None else loss
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for y in batches:
            try:
                optimizer.zero_grad()
                loss(net(torch.randn(len(y), *([6] * y.ndim))).movedim(-1, 1), y).backward()
                optimizer.step()
            except IndexError:
                pass
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def labels(*values: int) -> Tensor:
    return torch.tensor(values)


def test_classes_that_are_counted_from_one(tmp_path: Path) -> None:
    finding = told(tried(tmp_path, [labels(1, 2, 3, 2), labels(1, 4, 4, 2)]), RULE)
    assert (finding.severity, finding.step) == ("error", 1)
    assert "2 of 4 labels" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("labels = labels - 1")


def test_a_label_zero_elsewhere_means_that_an_output_is_missing(tmp_path: Path) -> None:
    remedy = told(tried(tmp_path, [labels(0, 1, 2, 3), labels(1, 4, 4, 2)]), RULE).remedy
    assert remedy is not None
    assert remedy.code.startswith("nn.Linear(features, 5)")


@pytest.mark.parametrize("mark", [255, -1])
def test_a_mark_for_nothing_is_to_be_ignored(tmp_path: Path, mark: int) -> None:
    masks = torch.randint(0, 4, (2, 6))
    masks[:, 0] = mark
    remedy = told(tried(tmp_path, [masks]), RULE).remedy
    assert remedy is not None
    assert remedy.code.startswith(f"nn.CrossEntropyLoss(ignore_index={mark})")
    (tmp_path / "told").mkdir()
    assert said(tried(tmp_path / "told", [masks], nn.CrossEntropyLoss(ignore_index=mark)), RULE) == []


def test_the_last_class_is_one_and_more_outputs_than_labels_are_too(tmp_path: Path) -> None:
    assert said(tried(tmp_path, [labels(0, 3, 3, 1)]), RULE) == []
    (tmp_path / "wide").mkdir()
    assert said(tried(tmp_path / "wide", [labels(0, 3, 3, 1)], net=nn.Linear(6, 1000)), RULE) == []


@given(st.lists(st.integers(-300, 300), min_size=1, max_size=40), st.integers(1, 12))
@settings(max_examples=60, deadline=None)
def test_the_facts_are_those_of_a_plain_count(given_labels: list[int], classes: int) -> None:
    arguments = {"input": torch.zeros(len(given_labels), classes), "target": torch.tensor(given_labels)}
    refused = Refused()
    kept = [label for label in given_labels if label != -100]
    bad = [label for label in kept if not 0 <= label < classes]
    assert refused.note("cross_entropy", arguments, "train.py:3", 7) is bool(bad)
    if bad:
        (facts,) = refused.facts.values()
        assert (facts["bad"], facts["labels"], facts["step"]) == (len(bad), len(kept), 7)
        assert facts["values"] == sorted(set(bad))[:MOST]
        assert (facts["least"], facts["most"]) == (min(kept), max(kept))


def test_hs_check_answers_instead_of_failing() -> None:
    model = nn.Linear(6, 4)
    found = hs.check(model, (torch.randn(8, 6), torch.tensor([1, 2, 3, 4] * 2)))
    assert [finding.rule for finding in found.findings] == [RULE]
    assert found.verdict == "failing"
    with pytest.raises(hs.HeadstartError, match="batch_size"):
        hs.check(model, (torch.randn(8, 6), torch.tensor([1, 2])))


def pairs(folder: Path, loss: nn.Module, targets: Tensor) -> Record:
    """Any loss of (N, 1) outputs, or of two of them, under labels that never raise."""
    net = nn.Linear(6, 1)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            x = torch.randn(2, len(targets), 6)
            two = isinstance(loss, (nn.CosineEmbeddingLoss, nn.MarginRankingLoss))
            shaped = targets if isinstance(loss, nn.CosineEmbeddingLoss) else targets[:, None]
            loss(*(net(x) if two else (net(x[0]),)), shaped).backward()
            optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


SIGNED = [nn.CosineEmbeddingLoss(), nn.MarginRankingLoss(1.0), nn.HingeEmbeddingLoss(), nn.SoftMarginLoss()]


@pytest.mark.parametrize("loss", SIGNED, ids=lambda loss: type(loss).__name__)
def test_labels_0_and_1_where_only_signs_are_known(loss: nn.Module, tmp_path: Path) -> None:
    finding = told(pairs(tmp_path, loss, torch.tensor([0.0, 1, 1, 1])), RULE)
    assert finding.severity == "error"
    assert "25 %" in finding.message
    assert finding.remedy is not None
    assert finding.remedy.code.startswith("target = 2 * target - 1")


@pytest.mark.parametrize("loss", SIGNED, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("targets", [[-1.0, 1, 1, -1], [1.0, 1, 1, 1], [-1.0, 0, 0, 1]])
def test_signs_and_pairs_that_are_left_out_are_as_they_should_be(
    loss: nn.Module, targets: list[float], tmp_path: Path
) -> None:
    assert said(pairs(tmp_path, loss, torch.tensor(targets)), RULE) == []


@pytest.mark.parametrize(
    ("targets", "code"),
    [
        ([-1.0, 1, 1, -1], "target = (target + 1) / 2 "),
        ([1.0, 2, 2, 1], "target = (target - 1) "),
        ([0.0, 5, 5, 0], "target = target / 5 "),
        ([0.0, 1, 2, 1], "torch.nn.functional.cross_entropy(logits, target.long())"),
    ],
)
def test_labels_beyond_0_and_1_of_binary_cross_entropy(targets: list[float], code: str, tmp_path: Path) -> None:
    finding = told(pairs(tmp_path, nn.BCEWithLogitsLoss(), torch.tensor(targets)), RULE)
    assert finding.remedy is not None
    assert finding.remedy.code.startswith(code)


@pytest.mark.parametrize(
    ("targets", "found"),
    [([0.0, 1 + SOFTENED], False), ([0.0, 1.01 + SOFTENED], True), ([-SOFTENED, 1.0], False), ([-0.3, 1.0], True)],
)
def test_soft_labels_may_lie_a_little_beyond(targets: list[float], found: bool, tmp_path: Path) -> None:
    assert bool(said(pairs(tmp_path, nn.BCEWithLogitsLoss(), torch.tensor(targets)), RULE)) is found
