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
from headstart.monitor.columns import MEASURED, VALUES, Samples, Sizes
from headstart.record import Input


def inputs_of(folder: Path, net: nn.Module, *batches: Tensor) -> dict[str, Input]:
    with hs.watch(net, record=folder / "run.db") as watch:
        for x in batches:
            net(x).sum().backward()
            torch.optim.SGD(net.parameters(), lr=0.0).step()
    record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return {given.name: given for given in record.inputs}


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
