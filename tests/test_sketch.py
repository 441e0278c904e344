"""A sample must tell the truth of the whole tensor, and must be a copy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.monitor.sketch import SAMPLE, Reading, Sheets, can_sketch, sample_view

MEAN, STD, MAX_ABS, ZEROS, SATURATED, NOT_FINITE = range(6)

READINGS = {
    "plain": Reading(),
    "before relu": Reading(zero_at=0.0),
    "before a shifted relu": Reading(zero_at=-0.5),
    "tanh": Reading(low=-0.9, high=0.9),
    "sigmoid": Reading(low=0.1, high=0.9),
    "hardsigmoid": Reading(low=0.0, high=1.0),
}


def figures(x: torch.Tensor, reading: Reading | None = None) -> list[float]:
    sheets = Sheets()
    if reading is not None:
        sheets.read(0, reading)
    sheets.put(0, x)
    ((streams, matrix),) = sheets.figures()
    assert streams == [0]
    return matrix[0].tolist()


@pytest.mark.parametrize("shape", [(128, 256), (1024, 512), (32, 64, 14, 14), (16, 64, 32, 32), (64, 100)])
@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last])
def test_a_sample_sees_every_unit(shape: tuple[int, ...], memory_format: torch.memory_format) -> None:
    x = torch.ones(shape)
    x[:, ::2] = 0
    if len(shape) == 4:
        x = x.contiguous(memory_format=memory_format)
    assert figures(x)[ZEROS] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("shape", [(128, 256), (32, 64, 14, 14), (8, 2000), (4096, 7)])
@pytest.mark.parametrize("dim", [0, 1])
def test_a_sample_sees_both_halves_of_a_dimension(shape: tuple[int, ...], dim: int) -> None:
    x = torch.ones(shape)
    x.narrow(dim, 0, shape[dim] // 2).zero_()
    assert figures(x)[ZEROS] == pytest.approx(shape[dim] // 2 / shape[dim], abs=0.06)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, SAMPLE - 1))
def test_a_short_tensor_is_taken_nearly_whole(numel: int) -> None:
    assert sample_view(torch.zeros(numel)).numel() >= numel * 8 / 9


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=4))
def test_a_sample_has_at_most_sample_values_and_all_from_the_tensor(shape: list[int]) -> None:
    x = torch.arange(math.prod(shape), dtype=torch.float32).reshape(shape)
    taken = sample_view(x).tolist()
    assert 0 < len(taken) <= SAMPLE
    assert len(set(taken)) == len(taken)


def test_figures_are_those_of_numpy() -> None:
    x = torch.randn(16, 32, generator=torch.Generator().manual_seed(0)) * 3 + 100
    mean, std, largest, zeros, saturated, not_finite = figures(x)
    values = x.double().numpy()
    assert mean == pytest.approx(values.mean(), rel=1e-5)
    assert std == pytest.approx(values.std(), rel=1e-4)
    assert largest == pytest.approx(np.abs(values).max())
    assert (zeros, saturated, not_finite) == (0, 0, 0)


def test_a_large_mean_does_not_cancel_the_std() -> None:
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)) + 4096
    assert figures(x)[STD] == pytest.approx(sample_view(x).double().std(correction=0).item(), rel=1e-3)


def test_what_is_not_finite_is_counted() -> None:
    x = torch.zeros(512)
    x[::4] = math.nan
    x[1::4] = math.inf
    assert figures(x)[NOT_FINITE] == pytest.approx(0.5)


def test_a_layer_before_a_relu_is_read_through_it() -> None:
    x = torch.cat([-torch.ones(300), torch.ones(100)])
    assert figures(x)[ZEROS] == 0
    assert figures(x, Reading(zero_at=0.0))[ZEROS] == pytest.approx(0.75, abs=0.04)


def test_saturated_is_at_or_beyond_the_bounds() -> None:
    x = torch.tensor([-1.0, -0.5, 0.5, 1.0])
    assert figures(x, Reading(low=-1.0, high=1.0))[SATURATED] == 0.5


def test_an_in_place_operation_later_does_not_change_a_sample() -> None:
    x = -torch.ones(64, 64)
    sheets = Sheets()
    sheets.put(0, x)
    x.relu_()
    assert sheets.figures()[0][1][0, MEAN] == -1


def test_a_non_contiguous_view_is_sampled_within_its_bounds() -> None:
    base = torch.arange(100.0).reshape(10, 10)
    assert set(sample_view(base[:, 3:5]).tolist()) <= set(base[:, 3:5].flatten().tolist())


def test_many_samples_at_once_are_as_one_by_one() -> None:
    one_by_one, at_once = Sheets(), Sheets()
    xs = [torch.randn(64, 3 + number) for number in range(100)]  # more than a new sheet has rows
    for stream, x in enumerate(xs):
        one_by_one.put(stream, x)
    at_once.sheet(xs[0].device).put_all(range(100), [sample_view(x) for x in xs])
    ((_, expected),) = one_by_one.figures()
    ((_, found),) = at_once.figures()
    assert torch.equal(expected, found)
    assert found[:, MAX_ABS].min() > 0


def test_a_sample_leaves_nothing_of_a_longer_one_behind() -> None:
    sheets = Sheets()
    for x in (torch.full((300,), 7.0), torch.full((8,), 2.0), torch.full((300,), -1.0)):
        sheets.put(0, x)
        sheets.put(1, torch.ones(400))  # keeps the sheet wide
        ((_, found),) = sheets.figures()
        assert found[0].tolist() == [x[0], 0, abs(x[0]), 0, 0, 0]


@given(st.lists(st.tuples(st.integers(1, 600), st.sampled_from(list(READINGS))), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_rows_of_any_lengths_and_readings_are_read_as_each_alone(rows: list[tuple[int, str]]) -> None:
    together = Sheets()
    xs = [torch.randn(length) for length, _ in rows]
    for stream, (x, (_, reading)) in enumerate(zip(xs, rows, strict=True)):
        together.read(stream, READINGS[reading])
        together.put(stream, x)
    ((_, found),) = together.figures()
    for x, (_, reading), row in zip(xs, rows, found, strict=True):
        torch.testing.assert_close(row, torch.tensor(figures(x, READINGS[reading])), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "x",
    [torch.ones(3, dtype=torch.long), torch.zeros(0), torch.ones(2, device="meta"), torch.eye(2).to_sparse(), None],
)
def test_what_is_no_plain_floating_tensor_is_left_alone(x: object) -> None:
    assert not can_sketch(x)


def test_functorch_tensors_are_left_alone() -> None:
    def f(x: torch.Tensor) -> torch.Tensor:
        assert not can_sketch(x)
        return x.sum()

    torch.func.vmap(f)(torch.ones(2, 3))
