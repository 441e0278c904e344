"""targets-not-standardized: large targets in a run that does not learn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from records import chain, figures_of, head, run, said, told

from headstart.diagnosis.rules.targets_not_standardized import SIZE, moments_of
from headstart.diagnosis.skill import REGRESSIONS
from headstart.record import Loss, Record, Targets

RULE = "targets-not-standardized"


def of(rows: np.ndarray, kind: str = "mse_loss") -> Loss:
    columns = rows.reshape(len(rows), -1)
    square = ((columns - columns.mean(0)) ** 2).sum(0)
    targets = Targets(len(rows), total=tuple(columns.sum(0)), square=tuple(square), sample=tuple(map(tuple, columns)))
    return Loss(f"{kind} at train.py:4", kind, "train.py:4", targets=targets, trained=True)


def regression(size: float, share: float = 1.0, kind: str = "mse_loss") -> Record:
    """Targets of that size around 0; the loss is `share` of the constant's."""
    rows = size * np.array([-1.0, 1.0] * 50)
    return run(chain(head()), losses=[(of(rows, kind), share * size**2)])


def test_more_than_ten_times_a_fresh_answer_is_too_large() -> None:
    finding = told(regression(SIZE * 1.01), RULE)
    assert (finding.severity, finding.line) == ("error", "train.py:4")
    assert figures_of(finding)["target_size"] == pytest.approx(10.1)
    assert said(regression(SIZE), RULE) == []


def test_a_run_that_learns_has_reached_them() -> None:
    assert said(regression(1000.0, share=0.5), RULE) == []


@pytest.mark.parametrize("kind", REGRESSIONS)
def test_of_every_loss_of_numbers(kind: str) -> None:
    assert moments_of(of(np.array([3.0, 5.0]), kind)) == (4.0, 1.0)
    assert moments_of(of(np.array([3.0, 5.0]), "binary_cross_entropy")) is None


@given(st.lists(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3), min_size=2, max_size=20))
def test_its_moments_are_those_of_numpy(rows: list[list[float]]) -> None:
    given_rows = np.array(rows)
    mean, std = moments_of(of(given_rows)) or (np.nan, np.nan)
    assert mean == pytest.approx(given_rows.mean(), abs=1e-6)
    assert std == pytest.approx(given_rows.std(), rel=1e-6, abs=1e-3)
