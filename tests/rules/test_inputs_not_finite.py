"""inputs-not-finite: one value is enough, if the loss broke of it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from records import chain, figures_of, head, linear, run, said, told, unjudged
from torch import Tensor, nn

import headstart as hs
from headstart.monitor.columns import Finite
from headstart.record import Input, Record

RULE = "inputs-not-finite"
NAN = float("nan")


def mlp(activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(600, 8), activation(), nn.Linear(8, 2))


def fed(
    folder: Path, spoil: Callable[[int, Tensor], None], net: nn.Module | None = None, skips: bool = False
) -> Record:
    """20 steps on batches that `spoil(step, x)` may spoil; `skips`: steps with a loss that is not finite."""
    net = net or mlp()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
    with hs.watch(net, record=folder / "run.db") as watch:
        for step in range(20):
            x = torch.randn(16, 600)
            spoil(step, x)
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), (x[:, 0] > 0).long())
            loss.backward()
            if not (skips and loss.isnan()):
                optimizer.step()
    record: Record = watch.read()
    assert "fault" not in record.meta, record.meta["fault"]
    return record


def spoiled(at: int, value: float = NAN) -> Callable[[int, Tensor], None]:
    def spoil(step: int, x: Tensor) -> None:
        if step == at:
            x[3, 599] = value

    return spoil


@pytest.mark.parametrize("value", [NAN, math.inf, -math.inf])
def test_one_of_many_thousand_values_is_named_by_step_share_and_column(tmp_path: Path, value: float) -> None:
    finding = told(fed(tmp_path, spoiled(5, value)), RULE)
    assert (finding.severity, finding.layer, finding.step) == ("error", "0", 5)
    assert figures_of(finding)["not_finite_share"] == pytest.approx(1 / (16 * 600))
    assert "1 of 600 columns (599," in finding.message


def test_what_a_tanh_bounds_breaks_the_weights_all_the_same(tmp_path: Path) -> None:
    record = fed(tmp_path, spoiled(5, math.inf), mlp(nn.Tanh))
    assert math.isfinite(record.loss.values[5])
    assert told(record, RULE).severity == "error"


def test_a_run_that_skips_the_step_loses_the_batch_alone(tmp_path: Path) -> None:
    assert told(fed(tmp_path, spoiled(5), skips=True), RULE).severity == "advice"


def test_what_the_program_fills_is_no_fault(tmp_path: Path) -> None:
    class Fills(nn.Sequential):
        def forward(self, x: Tensor) -> Tensor:
            return super().forward(x.nan_to_num(0))  # type: ignore[no-any-return]

    assert said(fed(tmp_path, spoiled(5), Fills(*mlp())), RULE) == []
    (tmp_path / "sound").mkdir()
    assert said(fed(tmp_path / "sound", lambda step, x: None), RULE) == []


def test_weights_that_break_first_feed_nothing_but_themselves(tmp_path: Path) -> None:
    """A state that is carried on is data for the step after."""
    net = nn.Linear(4, 4)
    optimizer = torch.optim.SGD(net.parameters(), lr=1e30)
    with hs.watch(net, record=tmp_path / "run.db") as watch:
        state = torch.randn(8, 4)
        for _ in range(20):
            optimizer.zero_grad()
            state = net(state.detach())
            (state - 1).square().mean().backward()
            optimizer.step()
    assert said(watch.read(), RULE) == []


GIVEN = Input("fc1", (40,), 0.01, (3,), (1, 8))


def broken(since: int, looks: set[int], *bad: int) -> Record:
    """A record whose loss is NaN from `since` on, with data that are not finite at the steps `bad`."""
    seen = {step: float(step in bad) / 8 for step in looks}
    record = run(
        chain(linear("fc1"), head()),
        {("fc1", "input.not_finite"): lambda step: seen.get(step)},
        loss=lambda step: 1.0 if step < since else NAN,
    )
    record.inputs = (replace(GIVEN, bad_steps=bad),)
    return record


def test_a_break_that_nobody_saw_is_told_by_what_comes_later() -> None:
    finding = told(broken(33, {32, 36, 40}, 40), RULE)
    assert finding.step == 33
    assert "at step 40" in finding.message


def test_bad_data_at_once_after_the_break_may_come_of_it() -> None:
    assert said(broken(33, {32, 40, 48}, 40, 48), RULE) == []


def test_data_that_were_finite_as_it_broke_did_not_break_it() -> None:
    assert said(broken(33, {32, 33, 36, 40}, 40), RULE) == []


def test_bad_data_long_before_the_break_are_another_story() -> None:
    assert said(broken(33, set(range(60)), 20), RULE) == []
    assert told(broken(33, set(range(60)), 20, 32), RULE)


def test_without_data_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_large_values_are_finite_though_their_sum_is_not(dtype: torch.dtype) -> None:
    finite = Finite()
    finite.look(torch.full((64, 8), torch.finfo(dtype).max, dtype=dtype), 1, 0)
    assert finite.counts() == finite.bad_steps == []


def test_a_device_that_is_not_waited_for_tells_the_same() -> None:
    """As on an accelerator: sums are kept, and asked when the record is written."""
    finite = Finite()
    x = torch.zeros(4, 8)
    x[1, 2] = NAN
    for step, values in enumerate((torch.zeros(4, 8), x, torch.zeros(4, 8))):
        finite._sums.append((step, values.sum(dtype=torch.float64)))
    assert finite.counts() == []
    assert finite.bad_steps == [1]
    assert finite._sums == []
