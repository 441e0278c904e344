"""`distinct_units` against NumPy's `unique`, and what the ledger notes of tensors that change their names."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.monitor.ledger import ENOUGH, Ledger, distinct_units
from headstart.monitor.sketch import Sheets

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16]


@settings(deadline=None, max_examples=60)
@given(st.data(), st.sampled_from(DTYPES), st.sampled_from([0, 1]), st.sampled_from([3, 5 * ENOUGH]))
def test_distinct_units_are_numpys_unique_rows(data: st.DataObject, dtype: torch.dtype, dim: int, others: int) -> None:
    units, kinds = data.draw(st.integers(1, 20)), data.draw(st.integers(1, 20))
    which = torch.tensor(data.draw(st.lists(st.integers(0, kinds - 1), min_size=units, max_size=units)))
    weight = torch.randn(kinds, others, 2).to(dtype)[which].movedim(0, dim)
    rows = weight.movedim(dim, 0).flatten(1).float().numpy()
    assert distinct_units(weight, dim) == len(np.unique(rows, axis=0))


def test_units_that_differ_only_at_their_end_are_distinct() -> None:
    weight = torch.zeros(3, 10 * ENOUGH)
    weight[1, -1] = 1
    assert distinct_units(weight, 0) == 2


def test_minus_zero_is_zero() -> None:
    assert distinct_units(torch.tensor([[0.0, 1.0], [-0.0, 1.0]]), 0) == 1


@pytest.mark.parametrize("values", [[[1.0, 2.0], [2.0, 1.0]], [[1.0, -1.0], [-1.0, 1.0]], [[1.0, 3.0], [2.0, 2.0]]])
def test_units_of_one_sum_are_distinct(values: list[list[float]]) -> None:
    assert distinct_units(torch.tensor(values), 0) == 2


def ledger() -> Ledger:
    streams: list[str] = []
    return Ledger(Sheets(), lambda owner, tensor: len(streams.append(owner) or streams) - 1)


def test_a_second_name_of_one_tensor_is_noted_on_the_first() -> None:
    lines, weight = ledger(), torch.ones(2, requires_grad=True)
    lines.add(weight, "encoder.weight")
    lines.add(weight, "decoder.weight")
    (entry,) = lines.lines
    assert entry.line().shared_with == ("decoder.weight",)


def test_a_name_that_holds_a_new_tensor_keeps_its_line() -> None:
    lines = ledger()
    first = lines.add(torch.ones(2, requires_grad=True), "w")
    assert lines.add(torch.zeros(2, requires_grad=True), "w") is first


def test_a_line_tells_what_its_optimizer_does_with_it() -> None:
    lines, weight = ledger(), torch.ones(2, requires_grad=True)
    entry = lines.add(weight, "w")
    lines.held_by("SGD", weight, 0.1, 0.01)
    entry.seen, entry.moved = 3, 2
    line = entry.line()
    assert (line.optimizer, line.lr, line.weight_decay) == ("SGD", 0.1, 0.01)
    assert (line.steps_seen, line.steps_with_gradient, line.steps_moved) == (3, 0, 2)


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("size", [7, 64, 40_000])
def test_the_descent_of_a_step_is_the_product_of_gradient_and_update(size: int, frozen: bool) -> None:
    torch.manual_seed(0)
    lines, rate = ledger(), 0.25
    weights = [torch.randn(size), torch.randn(3, 3), torch.randn(2, 5).t()]
    gradients = {id(weight): torch.ones_like(weight) + 0.1 * torch.randn(weight.shape) for weight in weights}
    for number, weight in enumerate(weights):
        lines.add(weight, f"w{number}")
    if frozen:
        del gradients[id(weights[1])]
    for _ in range(2):
        lines.before_update(weights, gradients)
        for weight in weights:
            if id(weight) in gradients:
                weight -= rate * gradients[id(weight)]
        descent = lines.after_update()
        assert descent is not None
        expected = rate * sum(float(gradient.square().sum()) for gradient in gradients.values())
        assert float(descent) == pytest.approx(expected, rel=0.05)  # of samples, a tail left out


def test_no_descent_is_told_of_gradients_that_lie_otherwise_in_memory() -> None:
    lines, weight = ledger(), torch.randn(4, 6)
    lines.add(weight, "w")
    lines.before_update([weight], {id(weight): torch.randn(6, 4).t()})
    assert lines.after_update() is None
