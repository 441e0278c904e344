"""labels-all-ignored: a mean over no label, and what is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from records import chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn

import headstart as hs
from headstart.record import Record

RULE = "labels-all-ignored"
Loss = Callable[[Tensor, Tensor], Tensor]


def learnt(folder: Path, empty: Callable[[int], bool], loss: Loss, mark: int = -100, skips: bool = False) -> Record:
    """20 steps; in those that `empty` names all labels are `mark`, in the others half of them."""
    torch.manual_seed(0)
    net = nn.Linear(6, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for step in range(20):
            y = torch.randint(0, 3, (8,))
            y[: 8 if empty(step) else 4] = mark
            optimizer.zero_grad()
            value = loss(net(torch.randn(8, 6)), y)
            if not (skips and value.isnan()):
                value.backward()
                optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def never(step: int) -> bool:
    return False


def once(step: int) -> bool:
    return step == 7


def always(step: int) -> bool:
    return True


def test_a_batch_without_labels_is_a_warning_for_the_weights_stay_sound(tmp_path: Path) -> None:
    finding = told(learnt(tmp_path, once, nn.CrossEntropyLoss()), RULE)
    assert (finding.severity, finding.step) == ("warning", 7)
    assert figures_of(finding) == {"empty_batches": 1}
    assert finding.remedy is not None
    assert "clamp_min(1)" in finding.remedy.code


def test_the_last_batch_leaves_a_loss_of_nan(tmp_path: Path) -> None:
    assert told(learnt(tmp_path, lambda step: step == 19, nn.CrossEntropyLoss()), RULE).severity == "error"


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_all_batches_without_labels_are_an_error_of_any_reduction(tmp_path: Path, reduction: str) -> None:
    loss = nn.CrossEntropyLoss(ignore_index=255, reduction=reduction)
    finding = told(learnt(tmp_path, always, loss, 255), RULE)
    assert (finding.severity, finding.step) == ("error", 0)
    assert "ignored (255)" in finding.message


def test_a_class_of_weight_zero_counts_for_nothing_and_breaks_the_weights(tmp_path: Path) -> None:
    loss = nn.CrossEntropyLoss(weight=torch.tensor([0.0, 1.0, 1.0]))
    finding = told(learnt(tmp_path, once, loss, 0), RULE)
    assert finding.severity == "error"
    assert "weight 0" in finding.message


def own_mean(out: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(out, y, reduction="sum") / (y != -100).sum().clamp_min(1)


def filled(out: Tensor, y: Tensor) -> Tensor:
    return nn.functional.cross_entropy(out, y).nan_to_num(0.0)


@pytest.mark.parametrize("loss", [own_mean, filled, nn.CrossEntropyLoss(reduction="sum")])
def test_a_program_that_expects_empty_batches_is_sound(tmp_path: Path, loss: Loss) -> None:
    assert said(learnt(tmp_path, once, loss), RULE) == []


def test_a_batch_that_is_skipped_or_labelled_in_part_is_sound(tmp_path: Path) -> None:
    assert said(learnt(tmp_path, once, nn.CrossEntropyLoss(), skips=True), RULE) == []
    (tmp_path / "sound").mkdir()
    assert said(learnt(tmp_path / "sound", never, nn.CrossEntropyLoss()), RULE) == []


def test_a_head_without_labels_beside_another_is_sound(tmp_path: Path) -> None:
    """As for data of which some belong to one task alone."""

    def both(out: Tensor, y: Tensor) -> Tensor:
        other = nn.functional.cross_entropy(out, torch.full_like(y, -100), reduction="sum")
        return nn.functional.cross_entropy(out, y) + other

    assert said(learnt(tmp_path, never, both), RULE) == []


def test_hs_check_sees_it_in_one_batch() -> None:
    found = hs.check(nn.Linear(6, 3), (torch.randn(4, 6), torch.full((4,), -100)))
    assert RULE in [finding.rule for finding in found.findings]


def test_without_class_labels_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


def masked_by(mask: Callable[[int], Tensor], folder: Path, steps: int = 60) -> Record:
    """A loss for each element times a mask, over what counts or 1."""
    torch.manual_seed(0)
    net = nn.Linear(6, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=folder / "run.db") as watch:
        for step in range(steps):
            counts = mask(step)
            losses = nn.functional.cross_entropy(net(torch.randn(8, 6)), torch.randint(0, 3, (8,)), reduction="none")
            optimizer.zero_grad()
            ((losses * counts).sum() / counts.sum().clamp(min=1)).backward()
            optimizer.step()
    return watch.read()


def test_a_mask_that_leaves_all_out_from_a_step_on_is_an_error(tmp_path: Path) -> None:
    finding = told(masked_by(lambda step: torch.full((8,), float(step < 30)), tmp_path), RULE)
    assert (finding.severity, finding.step) == ("error", 30)
    assert figures_of(finding) == {"empty_batches": 30}


@pytest.mark.parametrize(
    "mask",
    [
        lambda step: torch.full((8,), float(step < 45)),  # too few steps to tell
        lambda step: torch.full((8,), float(step % 7 == 0)),  # a label now and then
        lambda step: (torch.arange(8) < 1).float(),  # one of each batch
        lambda step: torch.full((8,), float(step in (0, 20, 39))),  # and none in the last 20 of 60, as it may come
    ],
)
def test_a_mask_that_leaves_some_in_is_sound(mask: Callable[[int], Tensor], tmp_path: Path) -> None:
    assert said(masked_by(mask, tmp_path), RULE) == []


def test_a_factor_that_is_computed_is_no_mask(tmp_path: Path) -> None:
    """As a focal loss's, which is 0 where the answer is sure."""
    net = nn.Linear(6, 3)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(30):
            losses = nn.functional.cross_entropy(net(torch.randn(8, 6)), torch.randint(0, 3, (8,)), reduction="none")
            optimizer.zero_grad()
            (losses * (net.weight.sum() * torch.zeros(8))).mean().backward()
            optimizer.step()
    assert said(watch.read(), RULE) == []
