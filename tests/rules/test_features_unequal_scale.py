"""features-unequal-scale: a column that outweighs the others, in size and in its largest value."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from records import chain, figures_of, head, linear, run, said, told, unjudged

from headstart.diagnosis.columns import RATIO
from headstart.record import Input, Record

RULE = "features-unequal-scale"


def table(
    sizes: Sequence[float], largest: Sequence[float] | None = None, *, skill: float = 0.0, norm: str | None = None
) -> Record:
    """A run whose first layer is fed columns of these sizes, of mean 0 and std 1 altogether."""
    record = run(
        chain(linear("fc1", len(sizes), norm=norm), head()), {("fc1", "input.std"): 1.0}, skill=skill, steps=60
    )
    record.inputs = (
        Input("fc1", sizes=tuple(sizes), largest=tuple(largest or [3 * size for size in sizes]), means=(0.0,)),
    )
    return record


def test_income_beside_age_is_an_error_in_a_run_that_does_not_learn() -> None:
    finding = told(table([40.0, 50_000.0, 3.0]), RULE)
    assert (finding.severity, finding.layer) == ("error", "fc1")
    assert figures_of(finding)["size_ratio"] == pytest.approx(1250)
    assert "Column 1 " in finding.message


def test_both_sides_of_the_limit() -> None:
    assert told(table([1.0, RATIO, 1.0]), RULE)
    assert said(table([1.0, 0.999 * RATIO, 1.0]), RULE) == []


def test_two_columns_are_compared_with_each_other() -> None:
    assert told(table([1.0, 500.0]), RULE)
    assert said(table([500.0]), RULE) == []


def test_it_is_advice_in_a_run_that_learns() -> None:
    assert told(table([1.0, 500.0, 1.0], skill=0.6), RULE).severity == "advice"


@pytest.mark.parametrize(
    ("sizes", "largest"),
    [
        ([0.005, 1.0, 0.004], [1.0, 4.0, 1.0]),  # indicators that are seldom 1
        ([1.0, 1.2, 0.9], [3.0, 400.0, 3.0]),  # a long tail
        ([0.0, 0.0, 1.0], [0.0, 0.0, 3.0]),  # pixels that are always black
        ([1.0, 300.0, 300.0], [3.0, 900.0, 900.0]),  # the middle one is large itself
    ],
)
def test_rare_indicators_tails_and_empty_columns_are_no_fault(sizes: list[float], largest: list[float]) -> None:
    assert said(table(sizes, largest), RULE) == []


def test_a_norm_behind_the_layer_makes_it_up() -> None:
    assert said(table([1.0, 500.0, 1.0], norm="batch_norm"), RULE) == []


def test_the_table_as_a_whole_is_not_told_as_well() -> None:
    record = run(chain(linear("fc1", 3), head()), {("fc1", "input.std"): 30_000.0}, skill=0.0, steps=60)
    assert told(record, "inputs-not-standardized")
    record.inputs = (Input("fc1", sizes=(40.0, 50_000.0, 3.0), largest=(90.0, 120_000.0, 9.0), means=(0.0,)),)
    assert said(record, "inputs-not-standardized") == []
    assert told(record, RULE)


def test_without_data_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))
