"""not-finite: whether it lasts, and where it began."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from records import Figure, chain, head, linear, run, said, told, unjudged
from torch import nn
from training import trained

from headstart.record import Record

RULE = "not-finite"
NET = chain(linear("fc1"), linear("fc2"), head())


def from_step(step: int, value: float = 1.0, before: float = 0.0) -> Callable[[int], float]:
    return lambda at: value if at >= step else before


def broken(figures: dict[tuple[str, str], Figure], step: int = 30, **facts: object) -> Record:
    """The loss is NaN from `step` on."""
    return run(NET, figures, loss=from_step(step, math.nan, 1.0), **facts)  # type: ignore[arg-type]


def spread(figure: str, **steps: int) -> dict[tuple[str, str], Figure]:
    """`figure` of each layer is not finite from its step on."""
    return {(name, f"{figure}.not_finite"): from_step(step) for name, step in steps.items()}


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_loss_that_ends_not_finite_is_an_error_however_well_it_was_learnt(value: float) -> None:
    finding = told(run(NET, loss=from_step(55, value, 1.0), skill=0.9), RULE)
    assert finding.severity == "error"
    assert finding.step == 55


def test_a_loss_that_is_large_and_finite_is_none() -> None:
    assert said(run(NET, loss=from_step(30, 3e38, 1.0)), RULE) == []


def test_a_weight_that_ends_not_finite_is_found_behind_a_finite_loss() -> None:
    record = run(NET, {("fc1.weight", "weight.not_finite"): from_step(40, 1 / 4096)})
    assert told(record, RULE).step == 40


def test_an_update_that_ends_not_finite_is_found() -> None:
    assert told(run(NET, {("fc1.weight", "update.not_finite"): from_step(40)}), RULE).step == 40


def test_a_break_that_the_run_recovered_from_is_not_where_it_began() -> None:
    loss = lambda step: math.nan if step == 3 or step >= 50 else 1.0  # noqa: E731
    record = run(NET, {**spread("activation", fc1=50, fc2=50, head=50)}, loss=loss)
    assert (told(record, RULE).step, told(record, RULE).layer) == (50, "fc1")


def test_where_the_layers_were_not_looked_at_no_layer_is_named() -> None:
    looks = {(name, "activation.not_finite"): {0: 0.0, 20: 0.0, 40: 1.0} for name in ("fc1", "fc2", "head")}
    finding = told(broken(looks, 30), RULE)
    assert (finding.step, finding.layer) == (30, None)
    assert "not looked at" in finding.message
    bad = {**looks, ("fc1", "input.not_finite"): {0: 0.0, 20: 0.0, 40: 0.5}}
    finding = told(broken(bad, 30), RULE)
    assert (finding.step, finding.layer, finding.evidence[0].value) == (40, "fc1", 0.5)


def test_it_began_in_the_first_layer_whose_output_is_not_finite() -> None:
    finding = told(broken(spread("activation", fc1=31, fc2=30, head=30)), RULE)
    assert (finding.layer, finding.step) == ("fc2", 30)
    assert finding.evidence[0].series == "activation.not_finite"


def test_broken_inputs_come_before_the_outputs_that_they_break() -> None:
    figures = {("fc1", "input.not_finite"): from_step(30, 0.25), **spread("activation", fc1=30, fc2=30, head=30)}
    finding = told(broken(figures), RULE)
    assert finding.layer == "fc1"
    assert finding.evidence[0].series == "input.not_finite"
    assert finding.evidence[0].value == 0.25
    assert finding.remedy is not None
    assert finding.remedy.name == "check-inputs"


def test_it_began_in_the_loss_where_all_outputs_are_finite() -> None:
    figures = {**spread("activation", fc1=31, fc2=31, head=31), **spread("gradient", fc1=30, fc2=30, head=30)}
    finding = told(broken(figures), RULE)
    assert finding.layer is None
    assert finding.evidence[0].series == "loss"


def test_it_began_in_the_gradient_nearest_to_a_finite_loss() -> None:
    figures = {**spread("gradient", fc1=30, fc2=30, head=31), ("fc1.weight", "weight.not_finite"): from_step(30)}
    finding = told(broken(figures, step=31), RULE)
    assert (finding.layer, finding.step) == ("fc2", 30)
    assert finding.evidence[0].series == "gradient.not_finite"


def test_it_began_in_the_update_where_all_that_was_computed_is_finite() -> None:
    finding = told(broken({("fc1.weight", "weight.not_finite"): from_step(30)}, step=31), RULE)
    assert (finding.layer, finding.step) == (None, 30)
    assert finding.evidence[0].series == "weight.not_finite"


def test_infinite_activations_alone_are_a_mask() -> None:
    assert said(run(NET, {("fc1", "activation.not_finite"): 0.5}), RULE) == []


def test_steps_that_a_scaler_skips_are_no_fault() -> None:
    overflow = dict.fromkeys((0, 1, 20, 59), 1.0)
    figures = {("fc1", "gradient.not_finite"): lambda step: overflow.get(step, 0.0), ("fc1.weight", "weight.std"): 1.0}
    assert said(run(NET, figures), RULE) == []


def test_a_loss_that_is_finite_again_is_none() -> None:
    assert said(run(NET, loss=lambda step: math.nan if 20 <= step < 40 else 1.0), RULE) == []


def test_a_weight_that_is_finite_again_is_none() -> None:
    figures = {("fc1.weight", "weight.not_finite"): lambda step: 1.0 if step < 40 else 0.0}
    assert said(run(NET, figures), RULE) == []


def test_the_remedy_is_a_tenth_of_the_rate_but_not_for_a_fault_at_the_first_step() -> None:
    later, at_once = (told(broken({}, step=step), RULE).remedy for step in (30, 0))
    assert later is not None
    assert later.code.startswith("torch.optim.SGD(model.parameters(), lr=0.01)")
    assert at_once is not None
    assert at_once.name == "find-operator"


@pytest.mark.parametrize(("largest", "name"), [(2.0**63, "keep-off-zero"), (2.0**64, "slower")])
def test_what_did_not_overflow_was_a_root_or_a_logarithm_of_zero(largest: float, name: str) -> None:
    gradient = {**spread("gradient", fc1=30, fc2=30), ("fc2", "gradient.max_abs"): largest}
    broke = {("fc1.weight", "weight.not_finite"): from_step(30)}
    loss = {**spread("activation", fc1=31, fc2=31, head=31), ("fc2", "activation.max_abs"): largest}
    for figures, step in (({**gradient, **broke}, 31), (loss, 30)):
        remedy = told(broken(figures, step=step), RULE).remedy
        assert remedy is not None
        assert name in remedy.name


def test_the_layer_whose_square_root_overflows_backwards_is_named(tmp_path: Path) -> None:
    class Root(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.front, self.back = nn.Linear(4, 4), nn.Linear(4, 1)
            nn.init.zeros_(self.front.weight)
            nn.init.zeros_(self.front.bias)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.back(self.front(x).sqrt())  # sqrt' 0 is infinite

    record = trained(tmp_path, Root(), torch.ones(8, 4), torch.ones(8, 1), nn.functional.mse_loss, steps=3, lr=0.1)
    finding = told(record, RULE)
    assert (finding.layer, finding.step) == ("front", 0)
    assert finding.evidence[0].series == "gradient.not_finite"


def test_a_single_nan_in_the_data_is_found_at_its_step(tmp_path: Path) -> None:
    x = torch.randn(8, 4)
    x[3, 2] = math.nan
    record = trained(tmp_path, nn.Linear(4, 2), x, torch.arange(8) % 2, steps=3, lr=0.1)
    finding = told(record, RULE)
    assert finding.step == 0
    assert finding.evidence[0].series == "input.not_finite"
    assert finding.evidence[0].value == pytest.approx(1 / 32)


def test_without_a_backward_it_is_not_judged() -> None:
    assert RULE in unjudged(run(NET, loss={}))
