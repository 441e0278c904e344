"""samples-repeated: streams with workers, data sets with copies, and what is drawn twice on purpose."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
import torch
from records import chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, TensorDataset, WeightedRandomSampler

import headstart as hs
from headstart.diagnosis.rules.samples_repeated import COPIES, EACH, KEPT
from headstart.record import Loader, Record, Samples

RULE = "samples-repeated"
X, Y = torch.randn(400, 10), torch.arange(400) % 2
Kept = tuple[int, int, int, int, int]


class Stream(IterableDataset[tuple[Tensor, Tensor]]):
    def __init__(self, times: int = 1) -> None:
        self.times = times

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for _ in range(self.times):
            yield from zip(X, Y, strict=True)


def trained(path: Path, loader: DataLoader[tuple[Tensor, ...]], *, epochs: int = 2, each: int = 1) -> Record:
    net = nn.Linear(10, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(epochs):
            for x, y in loader:
                for _ in range(each):
                    optimizer.zero_grad()
                    F.cross_entropy(net(x), y).backward()
                    optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


@pytest.mark.parametrize(("weights", "draws", "batch"), [(2, 400, 10), (2, 2, 10), (399, 400, 10)])
def test_weights_of_the_classes_for_weights_of_the_samples(
    weights: int, draws: int, batch: int, tmp_path: Path
) -> None:
    sampler = WeightedRandomSampler([1.0] * weights, draws)
    finding = told(trained(tmp_path, DataLoader(TensorDataset(X, Y), batch, sampler=sampler)), RULE)
    assert finding.severity == "warning"
    assert (finding.evidence[0].value, finding.evidence[0].of) == (weights, 400)


@pytest.mark.parametrize(("weights", "draws", "batch"), [(300, 300, 10), (300, 200, 300), (400, 1000, 10)])
def test_a_part_that_is_drawn_as_often_as_it_has_samples(weights: int, draws: int, batch: int, tmp_path: Path) -> None:
    sampler = WeightedRandomSampler([1.0] * weights, draws)
    assert said(trained(tmp_path, DataLoader(TensorDataset(X, Y), batch, sampler=sampler)), RULE) == []


def with_copies(copies: int) -> TensorDataset:
    x = X.clone()
    x[:copies] = x[200 : 200 + copies]
    return TensorDataset(x, Y)


def test_a_stream_that_each_worker_goes_through(tmp_path: Path) -> None:
    finding = told(trained(tmp_path, DataLoader(Stream(), batch_size=20, num_workers=2)), RULE)
    assert finding.severity == "warning"
    assert figures_of(finding)["workers"] == 2


@pytest.mark.parametrize("times", [1, 3])
def test_a_stream_without_workers_may_repeat(times: int, tmp_path: Path) -> None:
    assert said(trained(tmp_path, DataLoader(Stream(times), batch_size=20)), RULE) == []


@pytest.mark.parametrize("epochs", [1, 3])
@pytest.mark.parametrize("shuffle", [True, False])
def test_copies_in_the_data(epochs: int, shuffle: bool, tmp_path: Path) -> None:
    loader = DataLoader(with_copies(60), batch_size=10, shuffle=shuffle)
    finding = told(trained(tmp_path, loader, epochs=epochs), RULE)
    assert finding.severity == "advice"
    assert figures_of(finding)["share_seen_again"] == pytest.approx(60 / 340, abs=0.03)


def test_few_copies(tmp_path: Path) -> None:
    assert said(trained(tmp_path, DataLoader(with_copies(8), batch_size=10, shuffle=True)), RULE) == []


@pytest.mark.parametrize("batch", [7, 150, 400])
def test_epochs_without_copies(batch: int, tmp_path: Path) -> None:
    loader = DataLoader(TensorDataset(X, Y), batch_size=batch, shuffle=True, drop_last=batch < 400)
    assert said(trained(tmp_path, loader, epochs=5), RULE) == []


@pytest.mark.parametrize(
    "sampler",
    [RandomSampler(X, replacement=True), WeightedRandomSampler([1.0] * 400, 400)],  # type: ignore[arg-type]
)
def test_with_replacement(sampler: Iterable[int], tmp_path: Path) -> None:
    assert said(trained(tmp_path, DataLoader(TensorDataset(X, Y), batch_size=10, sampler=sampler)), RULE) == []


def test_several_steps_on_each_batch(tmp_path: Path) -> None:
    loader = DataLoader(TensorDataset(X, Y), batch_size=10, shuffle=True)
    assert said(trained(tmp_path, loader, each=3), RULE) == []


def test_whole_numbers_are_alike_by_chance(tmp_path: Path) -> None:
    data = TensorDataset(torch.randint(0, 2, (400, 10)).float(), Y)
    assert said(trained(tmp_path, DataLoader(data, batch_size=10, shuffle=True)), RULE) == []


def record(loader: Loader, kept: list[Kept]) -> Record:
    made = run(chain(head()), {("net", "samples.batch"): float}, steps=40)
    made.loaders, made.samples = (loader,), (Samples("net", (10,), batch=10, kept=tuple(kept)),)
    return made


def stream(each: int, count: int = 100) -> Record:
    kept = [(i, 2, 2 * (i // 10), 2 * (i // 10) + 1 if i < each else 30, 0) for i in range(count)]
    return record(Loader("l", batch=10, stream=True, workers=2, begun=(0,)), kept)


def copies(again: int, count: int = 100) -> Record:
    kept = [(i, 1 + (i < again), i // 10, 20 if i < again else -1, 0) for i in range(count)]
    return record(Loader("l", samples=400, batch=10, order="random", begun=(0,)), kept)


def test_both_sides_of_each_limit() -> None:
    assert said(stream(round(100 * EACH)), RULE)
    assert said(stream(round(100 * EACH) - 1), RULE) == []
    assert said(stream(KEPT, KEPT), RULE)
    assert said(stream(KEPT - 1, KEPT - 1), RULE) == []
    assert said(copies(round(100 * COPIES) + 1), RULE)
    assert said(copies(round(100 * COPIES)), RULE) == []
    assert said(copies(KEPT, KEPT), RULE)
    assert said(copies(KEPT - 1, KEPT - 1), RULE) == []


def test_without_a_loader_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), {("net", "samples.batch"): 1.0}))
