"""What the layers that are fed by data are given, against NumPy, and that a look costs and keeps little."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.columns import JOINED, MEASURED, VALUES, Samples, Sizes
from headstart.record import Input


def inputs_of(folder: Path, net: nn.Module, *batches: Tensor) -> dict[str, Input]:
    with hs.watch(net, record=folder / "run.db") as watch:
        for x in batches:
            net(x).sum().backward()
            torch.optim.SGD(net.parameters(), lr=0.0).step()
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return {given.name: given for given in record.inputs}


class Tabular(nn.Module):
    """The numbers of a table beside embeddings of its categories; joined along `dim`, data first or last."""

    def __init__(self, dim: int = 1, *, frozen: bool = False, first: bool = False, hidden: bool = False) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, 3)
        self.numbers = nn.Linear(2, 2) if hidden else nn.Identity()
        self.embedding.weight.requires_grad_(not frozen)
        self.head = nn.Linear(5 if dim in (1, -1) else 2, 1)
        self.dim, self.first, self.steps = dim, first, 0

    def forward(self, x: Tensor) -> Tensor:
        parts = [self.embedding(torch.arange(len(x)) % 4), self.numbers(x)]
        if self.dim == 0:
            parts[0] = parts[0][:, :2]
        joined: Tensor = self.head(torch.cat(parts[::-1] if self.first else parts, self.dim))
        return joined


@pytest.mark.parametrize("dim", [1, -1])
@pytest.mark.parametrize("first", [False, True])
def test_numbers_of_a_table_are_measured_where_they_join_embeddings(tmp_path: Path, dim: int, first: bool) -> None:
    net, x = Tabular(dim, first=first), torch.randn(64, 2) * torch.tensor([1.0, 5000.0])
    told = inputs_of(tmp_path, net, x, x)["head"]
    data = told.sizes[:2] if first else told.sizes[3:]
    assert data == pytest.approx(x.square().mean(0).sqrt().tolist(), rel=1e-5)
    assert len(told.sizes) == 5
    assert (told.samples, told.constant, told.bad_steps) == (0, False, ())


def test_the_first_looks_count_where_the_other_parts_are_learnt(tmp_path: Path) -> None:
    batches = [torch.full((8, 2), float(step < JOINED)) for step in range(JOINED + 3)]
    assert inputs_of(tmp_path, Tabular(), *batches)["head"].sizes[3:] == (1.0, 1.0)


@pytest.mark.parametrize(
    "net", [Tabular(0), Tabular(hidden=True)], ids=["joined over the batch", "of layers' outputs alone"]
)
def test_what_no_columns_of_data_join_is_not_measured(tmp_path: Path, net: nn.Module) -> None:
    assert "head" not in inputs_of(tmp_path, net, torch.randn(8, 2))


def test_a_join_of_data_alone_is_data(tmp_path: Path) -> None:
    assert inputs_of(tmp_path, Tabular(frozen=True), torch.randn(8, 2))["head"].samples == 8


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**31))
@settings(max_examples=40, deadline=None)
def test_sizes_of_columns_merge_as_numpy_computes_them_at_once(rows: int, columns: int, looks: int, seed: int) -> None:
    x = np.random.default_rng(seed).normal(3.0, 10.0, (looks, rows, columns))
    sizes = Sizes()
    for batch in x:
        sizes.look(torch.tensor(batch), 1)
    whole = x.reshape(-1, columns)
    expected = np.sqrt((whole**2).mean(0)), abs(whole).max(0), whole.mean(0)
    for told, wanted in zip(sizes.figures(), expected, strict=True):
        assert told == pytest.approx(wanted)


@given(st.lists(st.lists(st.integers(0, 1), min_size=3, max_size=3), min_size=2, max_size=6))
@settings(max_examples=60, deadline=None)
def test_samples_are_constant_if_numpy_finds_one_row(rows: list[list[int]]) -> None:
    samples = Samples()
    for at in range(0, len(rows), 2):
        samples.look(torch.tensor(rows[at : at + 2]))
    assert samples.constant() == (len(np.unique(np.array(rows), axis=0)) == 1)


def test_features_of_tables_and_channels_of_images_are_the_columns(tmp_path: Path) -> None:
    table = torch.randn(64, 3) * torch.tensor([1.0, 1000.0, 0.0])
    given = inputs_of(tmp_path, nn.Linear(3, 2), table)["linear"]
    assert given.sizes == pytest.approx(table.square().mean(0).sqrt().tolist(), rel=1e-5)
    (tmp_path / "image").mkdir()
    images = torch.randn(8, 2, 5, 5) * torch.tensor([1.0, 50.0]).view(2, 1, 1)
    (told,) = inputs_of(tmp_path / "image", nn.Sequential(nn.Conv2d(2, 4, 3)), images).values()
    assert told.largest == pytest.approx(images.abs().amax((0, 2, 3)).tolist())


def test_indices_of_embeddings_are_compared_too(tmp_path: Path) -> None:
    net = nn.Sequential(nn.Embedding(9, 4))
    (given,) = inputs_of(tmp_path, net, torch.full((6, 5), 3), torch.full((6, 5), 3)).values()
    assert (given.constant, given.samples, given.looks) == (True, 6, 2)
    (tmp_path / "differs").mkdir()
    (given,) = inputs_of(tmp_path / "differs", net, torch.randint(0, 9, (6, 5))).values()
    assert not given.constant


def test_one_value_in_one_batch_makes_a_difference(tmp_path: Path) -> None:
    odd = torch.ones(6, 5)
    odd[5, 4] = 1.5
    (given,) = inputs_of(tmp_path, nn.Sequential(nn.Linear(5, 2)), torch.ones(6, 5), torch.ones(2, 5), odd).values()
    assert not given.constant


def test_wide_and_large_inputs_are_not_measured_whole() -> None:
    wide, large = Sizes(), Sizes()
    wide.look(torch.ones(4, MEASURED + 1), 1)
    assert wide.figures() == ((), (), ())
    x = torch.cat([torch.ones(VALUES // 512, 512), torch.full((VALUES // 512, 512), 9.0)])
    large.look(x, 1)
    assert large.figures()[1] == (1.0,) * 512


def test_a_column_with_nan_leaves_no_sizes() -> None:
    sizes = Sizes()
    sizes.look(torch.tensor([[1.0, float("nan")]]), 1)
    assert sizes.figures() == ((), (), ())
