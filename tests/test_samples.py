"""Fingerprints of samples: the same for the same bits, other for others, kept within bounds, and never felt by the run."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset

import headstart as hs
from headstart.monitor import samples
from headstart.monitor.loaders import length_of
from headstart.monitor.samples import fingerprints, mixed
from headstart.record import Record, Samples
from headstart.train.mnist import mnist

X = torch.randn(320, 12)


def hashes(*x: Tensor) -> list[int]:
    return fingerprints(x)[0].tolist()


def watched(folder: Path, net: nn.Module, steps: Iterable[Iterable[Tensor]], tests: Iterable[Tensor] = ()) -> Record:
    """A step for each of `steps`, which calls `net` with each of its tensors; then `tests` without gradients."""
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=folder / "run.db") as watch:
        for step in steps:
            optimizer.zero_grad()
            for x in step:
                net(x).square().mean().backward()
            optimizer.step()
        with torch.no_grad():
            for x in tests:
                net(x)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def mlp() -> nn.Sequential:
    return nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 2))


def seen(record: Record) -> Samples:
    (found,) = record.samples
    return found


@pytest.mark.parametrize(
    "x",
    [
        torch.randn(64, 7),
        torch.randn(64, 3, 9, 9),
        torch.randn(64, 3, 9, 9).to(memory_format=torch.channels_last),
        torch.randn(64, 5, 30).transpose(1, 2),
        torch.randn(64, 40).half(),
        torch.randn(64, 40).bfloat16(),
        torch.randn(64, 40).double(),
        torch.randint(0, 1000, (64, 20)),
        torch.randint(0, 255, (64, 3, 8, 8), dtype=torch.uint8),
        torch.rand(64, 50) < 0.5,
    ],
    ids=lambda x: f"{tuple(x.shape)} {x.dtype}",
)
def test_a_sample_is_known_by_its_bits_wherever_it_lies(x: Tensor) -> None:
    found = hashes(x)
    assert len(set(found)) == 64
    order = torch.randperm(64)
    assert hashes(x[order]) == [found[i] for i in order]
    assert hashes(x.contiguous()) == found
    other = x.clone()
    other[5] = x[6]
    assert hashes(other) == [*found[:5], found[6], *found[6:]]


def test_all_tensors_of_a_sample_count() -> None:
    x, mask = torch.randn(8, 10), torch.randint(0, 2, (8, 10))
    assert len(set(hashes(x, mask)) & set(hashes(x, 1 - mask))) == 0
    assert hashes(x, mask) != hashes(mask, x)


def test_the_digits_of_mnist_are_told_apart() -> None:
    read = [fingerprints([images.float() / 255]) for images in mnist().train_images.split(samples.ROWS)]
    told, changes = (torch.cat(part) for part in zip(*read, strict=True))
    assert len(set(told.tolist())) >= 0.998 * 60000
    assert (changes >= samples.CHANGES).float().mean() > 0.99


@given(st.integers(0, 2**32))
def test_a_share_of_the_fingerprints_is_divisible_by_a_power_of_two(seed: int) -> None:
    x = torch.rand(2048, 8, generator=torch.Generator().manual_seed(seed)).mul(255).round()
    found = mixed(fingerprints([x])[0]) & samples.BITS
    for rate in (2, 8, 32):
        expected = 2048 / rate
        assert abs((found % rate == 0).sum().item() - expected) < 6 * expected**0.5


def test_a_vector_is_one_sample_and_a_large_batch_is_thinned() -> None:
    assert len(hashes(torch.randn(50))) == 1
    assert len(hashes(torch.randn(5000, 9))) == 1667
    assert hashes(torch.arange(50000.0).view(5000, 10)[:, :9]) == hashes(torch.arange(50000.0).view(5000, 10)[::3, :9])


def test_epochs_and_evaluation_are_counted_by_sample(tmp_path: Path) -> None:
    net = mlp()
    record = watched(tmp_path, net, [[x] for _ in range(3) for x in X[:256].split(32)], [X[240:]])
    found = seen(record)
    assert (found.shape, found.batch, found.steps) == ((12,), 32, 24)
    assert (found.trained, found.evaluated, found.rate) == (3 * 256, 80, 1)
    assert len(found.kept) == 320
    counts = sorted((trained, first, second, evaluated) for _, trained, first, second, evaluated in found.kept)
    steps = [(3, step, 8 + step, 0) for step in range(8) for _ in range(32)]
    assert counts == sorted([*[(0, -1, -1, 1)] * 64, *steps[:-16], *[(3, 7, 15, 1)] * 16])
    batches = record.series(found.name, "samples.batch")
    assert batches.steps == tuple(range(24))
    assert batches.values[:8] * 3 == batches.values
    assert len(set(batches.values)) == 8


def test_what_is_kept_is_bounded_and_unbiased(tmp_path: Path) -> None:
    x = torch.randn(6000, 8)
    found = seen(watched(tmp_path, nn.Linear(8, 1), ([part] for part in x.split(60)), [x[:1500]]))
    assert samples.KEPT / 2 < len(found.kept) <= samples.KEPT
    assert all(key % found.rate == 0 for key, *_ in found.kept)
    share = sum(evaluated > 0 for *_, evaluated in found.kept) / len(found.kept)
    assert share == pytest.approx(0.25, abs=0.08)


def test_the_same_batch_again_within_a_step_counts_once(tmp_path: Path) -> None:
    found = seen(watched(tmp_path, mlp(), [[X[:40], X[:40]], [X[40:80], X[80:90]]]))
    assert found.trained == 90
    assert all(trained == 1 for _, trained, *_ in found.kept)


def test_samples_with_too_few_different_values_are_not_told_apart(tmp_path: Path) -> None:
    x = torch.zeros(50, 12)
    x[:, 5] = torch.arange(50)
    found = seen(watched(tmp_path, mlp(), [[x], [x]]))
    assert found.trained == 0
    assert found.kept == ()


def test_parts_of_a_model_and_outputs_are_no_samples(tmp_path: Path) -> None:
    class Two(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body, self.head = nn.Linear(12, 8), nn.Linear(8, 2)

        def forward(self, x: Tensor) -> Tensor:
            return self.head(self.body(x).relu())

    assert [one.name for one in watched(tmp_path, Two(), [[X[:9]], [X[9:20]]]).samples] == ["two"]


def test_an_evaluation_that_keeps_gradients_is_no_training(tmp_path: Path) -> None:
    net = mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for x in X[:128].split(16):
            net.eval()
            net(X[128:])
            net.train()
            optimizer.zero_grad()
            net(x).mean().backward()
            optimizer.step()
    assert seen(watch.read()).trained == 128 + 192  # the first look, before it was ever trained


def test_later_epochs_are_looked_at_from_their_start() -> None:
    looks = samples.Samples(None)  # type: ignore[arg-type]
    looked = []
    for step in range(9000):
        if step == 5000:
            looks.epoch_begins()
        if looks._looking:
            looked.append(step)
        looks.end_step(step)
    assert looked[:1024] == list(range(1024))
    assert {*range(2048, 2048 + 63), *range(5000, 5063), *range(8192, 8255)} <= set(looked)
    assert len(looked) < 1024 + 5 * 65


def test_a_loader_that_begins_all_the_time_is_not_looked_at_for_ever() -> None:
    looks = samples.Samples(None)  # type: ignore[arg-type]
    looked = 0
    for step in range(60_000):
        looks.epoch_begins()
        looked += looks._looking
        looks.end_step(step)
    assert looked < samples.DENSE + 2 * 20 * samples.STRETCH


def test_an_evaluation_in_inference_mode_is_seen_too(tmp_path: Path) -> None:
    net = mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for x in X[:128].split(16):
            optimizer.zero_grad()
            net(x).mean().backward()
            optimizer.step()
            with torch.inference_mode():
                net(X[100:150])
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    assert seen(record).evaluated == 8 * 50
    assert sorted(seen(record).looks) == [(28, 22)]


def test_loaders_are_known_by_line_and_content(tmp_path: Path) -> None:
    net = mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    data = TensorDataset(X)

    def epoch(loader: Iterable[list[Tensor]]) -> None:
        for (x,) in loader:
            if torch.is_grad_enabled():
                optimizer.zero_grad()
                net(x).mean().backward()
                optimizer.step()

    with hs.watch(net, record=tmp_path / "run.db") as watch:
        for _ in range(2):
            epoch(DataLoader(data, batch_size=32, shuffle=True))
            with torch.no_grad():
                epoch(DataLoader(Subset(data, range(50)), batch_size=10))
    train, test = sorted(watch.read().loaders, key=lambda loader: loader.name)
    assert (train.samples, train.batch, train.order, train.begun, train.begun_evaluating) == (
        320,
        32,
        "random",
        (0, 10),
        0,
    )
    assert (test.samples, test.batch, test.order, test.begun, test.begun_evaluating) == (50, 10, "sequential", (), 2)
    assert train.line == test.line


def test_a_length_is_read_only_where_no_code_of_the_user_runs() -> None:
    class Plain(Dataset):
        def __init__(self) -> None:
            self.rows = [1, 2, 3]

        def __len__(self) -> int:
            return len(self.rows)

    class Counts(Dataset):
        asked = 0

        def __len__(self) -> int:
            Counts.asked += 1
            return 3

    class Asks(Dataset):
        def __init__(self) -> None:
            self.rows = Counts()

        def __len__(self) -> int:
            return len(self.rows)  # type: ignore[arg-type]

    assert length_of(Plain()) == 3
    assert length_of(ConcatDataset([TensorDataset(X), TensorDataset(X)])) == 640
    assert length_of(Counts()) is None
    assert length_of(Asks()) is None
    assert Counts.asked == 0
