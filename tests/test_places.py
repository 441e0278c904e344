"""Values by place: the step of a grid is found to the last digit, of whatever is none nothing, and little is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import headstart as hs
from headstart.monitor import places
from headstart.monitor.places import DIFFERENT, ENOUGH, ROWS, Places, steps
from headstart.record import Record


def step_of(x: Tensor) -> list[float]:
    return steps(x.double()).tolist()


@given(
    factor=st.floats(1e-6, 1e6),
    offset=st.floats(-3, 3),
    levels=st.integers(DIFFERENT, 1000),
    seed=st.integers(0, 1000),
)
def test_the_step_of_scaled_whole_numbers(factor: float, offset: float, levels: int, seed: int) -> None:
    """With 300 values of `levels` equally likely ones the chance that all gaps share a divisor is below 1e-6."""
    whole = torch.randint(0, levels, (300, 3), generator=torch.Generator().manual_seed(seed))
    whole[:2] = torch.tensor([[0], [1]])
    spread = levels * 0.29
    scaled = (whole.float() / spread + offset) * factor
    assert step_of(scaled) == pytest.approx([factor / spread] * 3, rel=1e-3)


@given(st.integers(0, 1000), st.sampled_from([torch.float32, torch.float16, torch.bfloat16]))
def test_what_has_no_steps(seed: int, dtype: torch.dtype) -> None:
    generator = torch.Generator().manual_seed(seed)
    x = torch.stack([draw(ENOUGH, generator=generator) for draw in (torch.randn, torch.rand)], 1)
    x = torch.cat([x, x.exp(), 3e4 + x, (x * 9).round() * x[:, :1]], 1).to(dtype)
    assert not steps(x.double(), 4 * torch.finfo(dtype).eps).any()


def test_few_values_may_lie_on_a_grid_by_chance() -> None:
    x = torch.arange(200.0)[:, None]
    assert step_of(x % DIFFERENT) == [1.0]
    assert step_of(x % (DIFFERENT - 1)) == [0.0]
    assert step_of(torch.zeros(200, 2)) == [0.0, 0.0]


def test_one_value_beside_the_grid_is_enough() -> None:
    x = torch.arange(100.0)[:, None] % 20
    x[50] = 3.4
    assert step_of(x) == [pytest.approx(0.2)]
    x[51] = 3.4567
    assert step_of(x)[0] < 1e-3


def test_rows_are_kept_once_and_within_bounds() -> None:
    kept = Places()
    x = torch.randn(4 * ROWS, 8)
    for start in range(0, len(x), 100):
        kept.take(x[start : start + 100], range(start, start + 100), (8,), True)
        kept.take(x[:100], range(100), (8,), False)
    told = {values.training: values for values in kept.changed("net")}
    assert (told[True].rows, told[False].rows) == (ROWS, 100)
    assert not list(kept.changed("net"))
    assert told[True].means == pytest.approx(x[:ROWS].double().mean(0).tolist(), rel=1e-5)
    assert told[True].deciles[3][4] == pytest.approx(x[:ROWS, 3].double().quantile(0.5).item(), rel=1e-5)


def test_a_sample_counts_once_in_a_batch_too() -> None:
    kept = Places()
    kept.take(torch.randn(100, 8), [i // 2 for i in range(100)], (8,), True)
    assert len(kept._training.rows[0]) == len(kept._training.seen) == 50


def test_other_shapes_and_what_is_not_finite_are_left_out() -> None:
    kept = Places()
    kept.take(torch.randn(100, 8), range(100), (8,), True)
    kept.take(torch.randn(100, 8), range(100), (2, 4), False)
    assert not list(kept.changed("net"))
    bad = torch.randn(100, 8)
    bad[3, 3] = torch.inf
    kept.take(bad, range(200, 300), (8,), True)
    assert len(kept._training.seen) == 100


def watched(path: Path, train: Tensor, evaluated: Tensor) -> Record:
    net = nn.Linear(train.shape[1], 2)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=path / "run.db") as watch:
        for _ in range(2):
            for x in train.split(50):
                optimizer.zero_grad()
                net(x).square().mean().backward()
                optimizer.step()
                x.zero_()  # what the user does with a batch later changes nothing
            train.copy_(torch.arange(train.numel()).view_as(train))
            with torch.no_grad():
                net(evaluated)
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def test_both_phases_of_a_watched_run(tmp_path: Path) -> None:
    train = torch.arange(2000.0).view(200, 10)
    trained, evaluated = watched(tmp_path, train, torch.arange(0.5, 1000).view(100, 10)).values
    assert (trained.name, trained.training, trained.rows, trained.shape) == ("linear", True, 200, (10,))
    assert (evaluated.name, evaluated.training, evaluated.rows) == ("linear in evaluation", False, 100)
    assert trained.grid == (10.0,) * 10
    assert (min(trained.lows), max(trained.highs)) == (0, 1999)
    assert (min(evaluated.lows), max(evaluated.highs)) == (0.5, 999.5)


def test_samples_that_are_trained_on_are_no_evaluation(tmp_path: Path) -> None:
    train = torch.arange(2000.0).view(200, 10)
    assert watched(tmp_path, train, train.clone()).values == ()


def test_few_calls_are_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "ROWS", 10**9)
    phase = places.Phase()
    x = torch.zeros(1)
    assert sum(phase.wants(x) for _ in range(1000)) == 8 + 6  # 16, 32, 64, 128, 256, 512
    assert not phase.wants(torch.zeros(1, dtype=torch.int64))


def test_how_much_different_samples_agree() -> None:
    def kept(rows: torch.Tensor) -> float | None:
        places = Places()
        places.wants(rows, True)
        places.take(rows, list(range(len(rows))), (10,), True)
        return places.alike

    torch.manual_seed(0)
    rows = torch.randn(ENOUGH, 10)
    assert kept(rows[:-1]) is None
    assert kept(rows) == 0
    rows[:, :3] = 0
    rows[5, 3:6] = rows[4, 3:6]
    assert kept(rows) == pytest.approx(0.6)
