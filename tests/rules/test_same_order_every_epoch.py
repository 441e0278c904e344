"""same-order-every-epoch: loaders that keep an order, and orders that only look kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

import pytest
import torch
from records import chain, head, linear, run, said, told, unjudged
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, DistributedSampler, Sampler, TensorDataset

import headstart as hs
from headstart.diagnosis.rules.same_order_every_epoch import BATCHES, EPOCHS, PART
from headstart.record import Layer, Loader, Record, Samples

RULE = "same-order-every-epoch"
DATA = TensorDataset(torch.randn(200, 10), torch.arange(200) % 2)


def trained(
    path: Path, epochs: Iterable[Iterable[list[Tensor]]], change: Callable[[Tensor], Tensor] = lambda x: x
) -> Record:
    net = nn.Linear(10, 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.05)
    with hs.watch(net, record=path / "run.db") as watch:
        for loader in epochs:
            for x, y in loader:
                optimizer.zero_grad()
                F.cross_entropy(net(change(x)), y).backward()
                optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def test_a_loader_that_does_not_shuffle(tmp_path: Path) -> None:
    finding = told(trained(tmp_path, [DataLoader(DATA, 20)] * 4), RULE)
    assert finding.severity == "advice"
    assert finding.remedy is not None
    assert "shuffle=True" in finding.remedy.code


def test_a_distributed_sampler_that_is_not_told_the_epoch(tmp_path: Path) -> None:
    sampler = DistributedSampler(DATA, num_replicas=2, rank=0)
    finding = told(trained(tmp_path, [DataLoader(DATA, 10, sampler=sampler)] * 4), RULE)
    assert finding.remedy is not None
    assert "set_epoch" in finding.remedy.code


def test_a_distributed_sampler_that_is_told(tmp_path: Path) -> None:
    sampler = DistributedSampler(DATA, num_replicas=2, rank=0)

    def epochs() -> Iterable[Iterable[list[Tensor]]]:
        for epoch in range(4):
            sampler.set_epoch(epoch)
            yield DataLoader(DATA, 10, sampler=sampler)

    assert said(trained(tmp_path, epochs()), RULE) == []


def test_a_seed_that_is_set_in_each_epoch(tmp_path: Path) -> None:
    def epochs() -> Iterable[Iterable[list[Tensor]]]:
        for _ in range(4):
            yield DataLoader(DATA, 20, shuffle=True, generator=torch.Generator().manual_seed(0))

    finding = told(trained(tmp_path, epochs()), RULE)
    assert finding.remedy is not None
    assert "manual_seed" in finding.remedy.code


def test_a_loader_that_shuffles(tmp_path: Path) -> None:
    assert said(trained(tmp_path, [DataLoader(DATA, 20, shuffle=True)] * 4), RULE) == []


def test_samples_that_are_changed_each_time(tmp_path: Path) -> None:
    record = trained(tmp_path, [DataLoader(DATA, 20)] * 4, lambda x: x + 0.1 * torch.randn_like(x))
    assert said(record, RULE) == []


def test_the_whole_set_and_no_loader(tmp_path: Path) -> None:
    assert said(trained(tmp_path, [DataLoader(DATA, 200)] * 30), RULE) == []
    (tmp_path / "by hand").mkdir()
    batches = [list(batch) for batch in zip(*(x.split(20) for x in DATA.tensors), strict=True)]
    assert RULE in unjudged(trained(tmp_path / "by hand", [batches] * 4))


def record(
    epochs: int,
    batches: int,
    *,
    order: str | None = "sequential",
    layers: tuple[Layer, ...] = (),
    last: int = 0,
    samples: int | None = 150,
) -> Record:
    """`last` is added to the fingerprint of the very last batch."""
    steps = epochs * batches
    made = run(
        layers or chain(head()),
        {("net", "samples.batch"): lambda step: step % batches + last * (step == steps - 1)},
        steps=steps,
    )
    made.samples = (Samples("net", (10,), batch=10, steps=steps, trained=10 * steps),)
    begun = tuple(range(0, steps, batches))
    made.loaders = (Loader("l", samples=samples, batch=10, order=order, begun=begun, sampler="Mine"),)
    return made


def test_both_sides_of_each_limit() -> None:
    assert said(record(EPOCHS, BATCHES), RULE)
    assert said(record(EPOCHS - 1, BATCHES), RULE) == []
    assert said(record(EPOCHS, BATCHES - 1), RULE) == []


def test_a_single_other_batch_is_another_order() -> None:
    assert said(record(4, 12, last=100), RULE) == []


@pytest.mark.parametrize("order", ["replacement", None])
def test_an_order_of_the_users_own(order: str | None) -> None:
    assert said(record(4, 12, order=order), RULE) == []


def test_epochs_of_the_users_own_sampler_that_end_early() -> None:
    least = round(12 * 10 / PART)
    assert said(record(4, 12, order=None, samples=least), RULE)
    assert said(record(4, 12, order=None, samples=least - 1), RULE) == []
    assert said(record(4, 12, order=None, samples=None), RULE) == []
    assert said(record(4, 12, order=None, samples=least, last=100), RULE) == []


@pytest.mark.parametrize(("tells", "steps"), [(False, 10), (True, 10), (False, 20)])
def test_a_sampler_of_seed_and_epoch(tells: bool, steps: int, tmp_path: Path) -> None:
    """It says nothing of the order that goes through all the data, which may be meant."""

    class Mine(Sampler[int]):
        epoch = 0

        def __len__(self) -> int:
            return len(DATA)

        def __iter__(self) -> Iterator[int]:
            yield from torch.randperm(len(DATA), generator=torch.Generator().manual_seed(self.epoch)).tolist()

    sampler = Mine()
    loader = DataLoader(DATA, 10, sampler=sampler)

    def epochs() -> Iterable[Iterable[list[Tensor]]]:
        for epoch in range(4):
            sampler.epoch = epoch if tells else 0
            yield islice(loader, steps)

    findings = said(trained(tmp_path, epochs()), RULE)
    assert bool(findings) is (not tells and steps == 10)
    if findings:
        assert "Mine" in findings[0].cause
        assert findings[0].remedy is not None
        assert "set_epoch" in findings[0].remedy.code


def test_recurrent_nets_may_need_their_order() -> None:
    assert said(record(4, 12, layers=chain(linear("a"), Layer("lstm", "LSTM"), head())), RULE) == []


def test_without_a_loader_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head()), {("net", "samples.batch"): 1.0}))
