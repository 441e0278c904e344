"""Labels at the padding of what an embedding looks up: counted, ignored, weighed, or of no class of their own."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from records import COIN, chain, head, run, said, told
from torch import Tensor, nn

import headstart as hs
from headstart.diagnosis.rules.class_imbalance_ignored import COMMONEST, LOOKS
from headstart.record import Record

RULE = "class-imbalance-ignored"
N, T, PAD = 8, 40, 0


def batch(words: int = 2) -> tuple[Tensor, Tensor]:
    x, y = torch.full((N, T), PAD), torch.full((N, T), PAD)
    x[:, :words] = torch.randint(1, 9, (N, words))
    y[:, :words] = 1 + (x[:, :words] > 4).long()
    return x, y


def record(path: Path, loss, make=batch, padding: int | None = PAD, steps: int = 5) -> Record:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Embedding(10, 6, padding_idx=padding), nn.Linear(6, 3))
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(steps):
            x, y = make()
            optimizer.zero_grad()
            loss(net(x), y).backward()
            optimizer.step()
    seen: Record = watch.read()
    assert "fault" not in seen.meta, seen.meta["fault"]
    return seen


def shares(seen: Record) -> tuple[float, ...]:
    return seen.series(seen.losses[0].name, "loss.padding").values


def flat(z: Tensor, y: Tensor, **options) -> Tensor:
    return F.cross_entropy(z.flatten(0, 1), y.flatten(), **options)


@pytest.mark.parametrize(
    "loss", [flat, lambda z, y: F.cross_entropy(z.transpose(1, 2), y), lambda z, y: F.nll_loss(z.log_softmax(2).mT, y)]
)
def test_padding_that_counts_is_advice(loss, tmp_path: Path) -> None:
    seen = record(tmp_path, loss)
    assert shares(seen) == pytest.approx([1 - 2 / T] * 5)
    finding = told(seen, RULE)
    assert finding.severity == "advice"
    assert finding.evidence[0].value == pytest.approx(1 - 2 / T)


def elsewhere() -> tuple[Tensor, Tensor]:
    x, y = batch()
    y[0, 0] = PAD
    return x, y


def of_two_classes() -> tuple[Tensor, Tensor]:
    x, y = batch()
    y[0, -1] = 1
    return x, y


@pytest.mark.parametrize("make", [elsewhere, of_two_classes])
def test_a_class_that_is_not_the_paddings_alone_is_none(make, tmp_path: Path) -> None:
    assert set(shares(record(tmp_path, flat, make))) == {0.0}


def test_what_is_ignored_weighed_or_no_padding_is_silent(tmp_path: Path) -> None:
    sound = {
        "ignored": lambda: record(tmp_path / "ignored", lambda z, y: flat(z, y, ignore_index=PAD)),
        "weighed": lambda: record(tmp_path / "weighed", lambda z, y: flat(z, y, weight=torch.tensor([0.0, 1.0, 1.0]))),
        "a word": lambda: record(tmp_path / "a word", flat, padding=None),
        "few": lambda: record(tmp_path / "few", flat, lambda: batch(20)),
        "seldom seen": lambda: record(tmp_path / "seldom seen", flat, steps=LOOKS - 1),
    }
    for name, make in sound.items():
        (tmp_path / name).mkdir()
        assert said(make(), RULE) == [], name


def test_a_batch_without_padding_says_nothing(tmp_path: Path) -> None:
    lengths = iter([2, T, 2, 2, 2])
    seen = record(tmp_path, flat, lambda: batch(next(lengths)))
    assert sum(value != value for value in shares(seen)) == 1
    assert told(seen, RULE).severity == "advice"


def test_nine_tenths_of_the_labels() -> None:
    def padded(share: float) -> Record:
        return run(chain(head()), {(COIN.name, "loss.padding"): share, (COIN.name, "loss.answered"): 0.5}, skill=0.9)

    assert told(padded(1.01 * COMMONEST), RULE).evidence[0].figure == "padding_share"
    assert said(padded(0.99 * COMMONEST), RULE) == []
