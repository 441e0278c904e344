"""What the labels of a loss were, against scikit-learn and NumPy; its own mean value, against torch."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.skill import skill_of
from headstart.monitor.losses import Call, Sources
from headstart.record import Record


def call(kind: str, given: Tensor, target: Tensor, **options: object) -> Call:
    arguments = {
        "input": given,
        "target": target,
        "reduction": "mean",
        "weight": None,
        "ignore_index": -100,
        **options,
    }
    accepted = {key: value for key, value in arguments.items() if key in F.__dict__[kind].__code__.co_varnames}
    found = Sources().call(kind, arguments, getattr(F, kind)(**accepted), "train.py:3")
    assert found is not None
    found.source.commit(found)
    return found


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_is_told_as_its_mean_whatever_the_reduction(reduction: str, weighted: bool) -> None:
    logits, target = torch.randn(64, 5), torch.randint(0, 5, (64,))
    target[:7] = -100
    weight = torch.rand(5) + 0.1 if weighted else None
    expected = F.cross_entropy(logits, target, weight=weight)
    assert call("cross_entropy", logits, target, weight=weight, reduction=reduction).value.item() == pytest.approx(
        expected.item(), rel=1e-5
    )


def test_class_masses_leave_ignored_labels_out() -> None:
    target = torch.tensor([0, 0, 1, 2, -100])
    loss = call("cross_entropy", torch.randn(5, 4), target).source.snapshot()
    assert loss.targets.mass == (2, 1, 1, 0)
    assert loss.targets.count == 4


def test_probability_targets_count_by_their_probabilities() -> None:
    target = torch.tensor([[0.5, 0.5], [0.0, 1.0]])
    assert call("cross_entropy", torch.randn(2, 2), target).source.snapshot().targets.mass == (0.5, 1.5)


def test_segmentation_has_its_classes_in_the_second_dimension() -> None:
    logits, target = torch.randn(2, 3, 4, 4), torch.randint(0, 3, (2, 4, 4))
    found = call("cross_entropy", logits, target)
    assert found.source.snapshot().targets.count == 32
    assert found.accuracy.item() == pytest.approx((logits.argmax(1) == target).float().mean().item())


@pytest.mark.parametrize("kind", ["mse_loss", "l1_loss", "huber_loss", "smooth_l1_loss"])
def test_targets_of_a_regression_merge_over_batches_as_numpy_computes_them_at_once(kind: str) -> None:
    batches = [torch.randn(n, 3, dtype=torch.float64) * 2 + 1e4 for n in (16, 5, 64)]
    sources = Sources()
    for batch in batches:
        arguments = {"input": torch.zeros_like(batch), "target": batch}
        found = sources.call(kind, arguments, getattr(F, kind)(**arguments), None)
        found.source.commit(found)
    targets = found.source.snapshot().targets
    rows = torch.cat(batches).numpy()
    assert targets.count == len(rows)
    np.testing.assert_allclose(np.array(targets.total) / targets.count, rows.mean(0), rtol=1e-12)
    np.testing.assert_allclose(np.array(targets.square) / targets.count, rows.var(0), rtol=1e-9)


def test_rows_for_medians_are_rows_of_the_targets() -> None:
    target = torch.randn(500, 2)
    sample = np.array(call("l1_loss", torch.zeros(500, 2), target).source.snapshot().targets.sample)
    assert {tuple(row) for row in sample} <= {tuple(row) for row in target.tolist()}
    assert 32 <= len(sample) <= 64


def test_binary_accuracy_has_its_threshold_at_zero_for_logits() -> None:
    logits, target = torch.tensor([-1.0, 0.2, 3.0, -0.1]), torch.tensor([0.0, 1.0, 0.0, 1.0])
    assert call("binary_cross_entropy_with_logits", logits, target).accuracy.item() == 0.5


def test_labels_that_are_all_the_same_are_noted() -> None:
    logits = torch.randn(8, 1)
    assert call("binary_cross_entropy_with_logits", logits, torch.ones(8, 1)).unvaried.item() == 1
    assert call("cross_entropy", torch.randn(4, 3), torch.tensor([2, -100, 2, 2])).unvaried.item() == 1
    assert call("cross_entropy", torch.randn(4, 3), torch.tensor([2, 1, 2, 2])).unvaried.item() == 0


@pytest.mark.parametrize("kind", ["mse_loss", "l1_loss", "binary_cross_entropy_with_logits"])
def test_the_mean_of_the_targets(kind: str) -> None:
    target = torch.rand(6, 2)
    assert dict(call(kind, torch.zeros(6, 2), target).figures())["loss.target_mean"].item() == pytest.approx(
        target.double().mean().item()
    )


def test_a_loss_that_nothing_is_known_of_stays_unknown() -> None:
    arguments = {"input": torch.zeros(2), "target": torch.zeros(2)}
    assert Sources().call("poisson_nll_loss", arguments, torch.zeros(()), None) is None


MASKS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "times": lambda loss, mask: (loss * mask).sum() / mask.sum(),
    "by it": lambda loss, mask: (mask * loss).mean(1).mean(),
    "in a view": lambda loss, mask: (loss.view(-1) * mask.view(-1)).sum() / mask.sum(),
    "chosen": lambda loss, mask: loss[mask > 0].mean(),
    "where": lambda loss, mask: torch.where(mask > 0, loss, torch.zeros(())).sum() / mask.sum(),
    "filled": lambda loss, mask: loss.masked_fill(mask == 0, 0.0).sum() / mask.sum(),
}
WHOLE: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mean": lambda loss, mask: loss.mean(),
    "a number": lambda loss, mask: (0.5 * loss).mean(1).sum(),
    "weights": lambda loss, mask: (loss * (mask + 0.5)).mean(),
}


def record_of(folder: Path, reduce: Callable[[Tensor, Tensor], Tensor]) -> Record:
    """A line learns what the mask lets through; where it does not, targets are far off and mean nothing."""
    torch.manual_seed(0)
    net = nn.Linear(5, 4)
    optimizer = torch.optim.Adam(net.parameters(), lr=0.05)
    with hs.watch(net, record=folder / "run.db") as watch:
        for _ in range(40):
            x, mask = torch.randn(32, 5), (torch.rand(32, 4) < 0.4).float()
            target = torch.where(mask > 0, x[:, :4], 9 * torch.randn(32, 4))
            optimizer.zero_grad()
            reduce(F.l1_loss(net(x), target, reduction="none"), mask).backward()
            optimizer.step()
    return watch.read()


@pytest.mark.parametrize("how", MASKS)
def test_a_loss_of_which_a_mask_leaves_elements_out_has_no_skill(tmp_path: Path, how: str) -> None:
    record = record_of(tmp_path, MASKS[how])
    assert record.losses[0].masked
    assert skill_of(record) is None


@pytest.mark.parametrize("how", WHOLE)
def test_a_loss_whose_elements_all_count_has_one(tmp_path: Path, how: str) -> None:
    record = record_of(tmp_path, WHOLE[how])
    assert not record.losses[0].masked
    if how != "weights":  # of elements that are weighed, a mean no better than the constant's says nothing
        assert skill_of(record) is not None


def test_rows_of_probabilities_are_all_of_one_class_only_where_there_are_two() -> None:
    for rows, unvaried in (
        (torch.eye(3)[[1, 1, 1]], True),
        (torch.eye(3)[[1, 1, 2]], False),
        (torch.ones(3, 1), None),
    ):
        found = call("cross_entropy", torch.randn(rows.shape), rows).unvaried
        assert (None if found is None else bool(found)) is unvaried
