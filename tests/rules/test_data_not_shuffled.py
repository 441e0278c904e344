"""data-not-shuffled: against shuffled batches of many shapes, sorted ones, and what only looks sorted."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from records import chain, head, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F

import headstart as hs
from headstart.diagnosis.rules.data_not_shuffled import chance_of
from headstart.record import Loss, Record, Targets

RULE = "data-not-shuffled"


def record(path: Path, labels: Tensor, batch: int, classes: int, epochs: int = 2) -> Record:
    torch.manual_seed(0)
    net = nn.Linear(6, classes)
    x = torch.randn(len(labels), 6)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(epochs):
            for a, b in zip(x.split(batch), labels.split(batch), strict=True):
                optimizer.zero_grad()
                F.cross_entropy(net(a), b).backward()
                optimizer.step()
    return watch.read()


@pytest.mark.parametrize(("classes", "batch"), [(2, 16), (4, 16), (10, 8), (10, 64), (3, 100)])
def test_sorted_labels_are_seen_and_shuffled_ones_are_not(classes: int, batch: int, tmp_path: Path) -> None:
    labels = torch.arange(classes).repeat_interleave(20 * batch // classes)
    finding = told(record(tmp_path, labels, batch, classes), RULE)
    assert finding.evidence[1].value == pytest.approx(1 / classes, abs=0.02)
    (tmp_path / "shuffled").mkdir()
    assert said(record(tmp_path / "shuffled", labels[torch.randperm(len(labels))], batch, classes), RULE) == []


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_labels_that_are_rows_of_ones_and_zeros_are_labels(smoothing: float, tmp_path: Path) -> None:
    labels = (1 - smoothing) * F.one_hot(torch.arange(3).repeat_interleave(80), 3).float() + smoothing / 3
    assert told(record(tmp_path, labels, 16, 3), RULE)
    (tmp_path / "shuffled").mkdir()
    assert said(record(tmp_path / "shuffled", labels[torch.randperm(len(labels))], 16, 3), RULE) == []


@pytest.mark.parametrize("rare", [0.01, 0.05, 0.2])
def test_a_rare_class_makes_no_order(rare: float, tmp_path: Path) -> None:
    labels = (torch.rand(800) < rare).long()
    assert said(record(tmp_path, labels, 16, 2), RULE) == []


def test_two_roles_that_take_turns_are_no_order(tmp_path: Path) -> None:
    labels = torch.tensor([0, 1]).repeat(30).repeat_interleave(16)
    assert said(record(tmp_path, labels, 16, 2), RULE) == []


def test_batches_without_a_label_tell_nothing(tmp_path: Path) -> None:
    labels = torch.randint(0, 4, (60, 16))
    labels[30] = -100
    assert said(record(tmp_path, labels.flatten(), 16, 4), RULE) == []


def test_tokens_of_a_text_hang_together_and_are_no_order(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = nn.Linear(6, 5)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(60):
            tags = torch.randint(0, 5, (2, 1)).expand(2, 40)
            optimizer.zero_grad()
            F.cross_entropy(net(torch.randn(2, 40, 6)).transpose(1, 2), tags).backward()
            optimizer.step()
    assert said(watch.read(), RULE) == []


def test_single_labels_and_pixels_tell_nothing() -> None:
    def loss(labels: float) -> Loss:
        return Loss("ce", "cross_entropy", targets=Targets(labels, (labels / 2, labels / 2)), trained=True)

    assert chance_of(loss(30), 30) is None
    assert chance_of(loss(30 * 4096), 30) is None
    assert chance_of(loss(30 * 64), 30) is not None


@given(st.integers(2, 12), st.integers(4, 200), st.integers(0, 2**32))
def test_shuffled_batches_stay_below_the_bound(classes: int, batch: int, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    weights = torch.rand(classes, generator=generator) + 0.05
    labels = torch.multinomial(weights, 400 * batch, True, generator=generator).view(400, batch)
    counts = F.one_hot(labels, classes).sum(1)
    mass = tuple(counts.sum(0).tolist())
    chance = chance_of(Loss("ce", "cross_entropy", targets=Targets(sum(mass), mass), trained=True), 400)
    seen = (counts.max(1).values / batch).mean().item()
    assert chance is None or seen < chance + 0.02


def test_without_class_labels_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
