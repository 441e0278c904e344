"""What lies beyond an output's reach, against torch's own loss functions; which whole numbers the targets are."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from headstart.monitor.labels import COUNTED, LOOKS, Labels, Reach


def facts(target: torch.Tensor, kind: str = "mse_loss", reach: Reach | None = None, **options: float) -> dict:
    labels = Labels(kind, options, reach)
    labels.look(target.double())
    return labels.facts()


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("mse_loss", {}),
        ("l1_loss", {}),
        ("huber_loss", {"delta": 0.3}),
        ("smooth_l1_loss", {"beta": 0.3}),
        ("smooth_l1_loss", {"beta": 0.0}),
    ],
)
@pytest.mark.parametrize("reach", [Reach(0, 1), Reach(-1, 1), Reach(0, math.inf)])
def test_the_floor_is_the_loss_of_the_nearest_answers_that_can_be_given(
    kind: str, options: dict[str, float], reach: Reach
) -> None:
    target = 2 * torch.randn(500, 3, dtype=torch.float64)
    best = target.clamp(reach.low, reach.high)
    found = facts(target, kind, reach, **options)
    assert found["floor"] == pytest.approx(getattr(F, kind)(best, target, **options).item())
    assert found["outside"] == pytest.approx((best != target).double().mean().item(), abs=5e-3)
    assert (found["least"], found["most"]) == (target.min().item(), target.max().item())


def test_rounding_at_the_edge_is_within() -> None:
    target = torch.tensor([[0.0], [1.0 + 1e-6], [0.5]])
    assert facts(target, reach=Reach(0, 1))["outside"] == 0


def test_whole_numbers_of_one_column_are_counted() -> None:
    assert facts(torch.tensor([[0.0], [2.0], [2.0]]))["counts"] == (1, 0, 2)
    for others in ([[0.5], [1.0]], [[-1.0], [1.0]], [[0.0], [float(COUNTED)]], [[math.nan], [1.0]]):
        assert facts(torch.tensor(others))["counts"] == ()
    assert "counts" not in facts(torch.zeros(4, 2))


def test_looks_are_bounded_in_number_and_size() -> None:
    labels = Labels("mse_loss", {}, Reach(0, 1))
    for look in range(LOOKS + 1):
        labels.look(torch.full((100_000, 1), float(look)))
    found = labels.facts()
    assert found["most"] == LOOKS - 1
    assert found["outside"] == (LOOKS - 2) / LOOKS  # all but 0 and 1
