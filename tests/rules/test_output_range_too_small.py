"""output-range-too-small: floors by their closed form, and what an activation does reach."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from records import chain, figures_of, head, run, said, told, unjudged
from torch import Tensor, nn
from training import trained

import headstart as hs
from headstart.diagnosis.case import Case
from headstart.diagnosis.rules.output_range_too_small import FLOOR_SHARE, OUTSIDE, _floor
from headstart.record import Loss, Record, Targets

RULE = "output-range-too-small"
X = torch.randn(64, 6)
Y, CLASSES = 3 * torch.randn(64, 1), torch.arange(64) % 10
MSE = Loss(
    "mse",
    "mse_loss",
    "t.py:1",
    targets=Targets(100, (), (0.0,), (100.0,)),  # variance 1
    trained=True,
    made_by="tanh",
    low=-1.0,
    high=1.0,
    outside=0.5,
    floor=0.5,
    least=-3.0,
    most=3.0,
)

Form = Callable[[Tensor, Tensor], Tensor]


def record(folder: Path, loss: Form, y: Tensor = Y, outputs: int = 1) -> Record:
    return trained(folder, nn.Linear(6, outputs), X, y, loss)


@pytest.mark.parametrize("kind", ["mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss"])
@pytest.mark.parametrize(
    ("activation", "low", "high"), [("tanh", -1, 1), ("sigmoid", 0, 1), ("relu", 0, None), ("relu6", 0, 6)]
)
def test_targets_beyond_the_range_leave_the_loss_of_its_nearest_values(
    kind: str, activation: str, low: float, high: float | None, tmp_path: Path
) -> None:
    function = getattr(F, kind)
    finding = told(record(tmp_path, lambda z, y: function(getattr(F, activation)(z), y)), RULE)
    expected = function(Y.clamp(low, high), Y).item()
    assert figures_of(finding)["loss_floor"] == pytest.approx(expected, rel=1e-3)


@pytest.mark.parametrize(("activation", "low", "high"), [("sigmoid", 0, 1), ("tanh", -1, 1)])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_no_scores_within_the_range_come_below_the_floor_of_cross_entropy(
    activation: str, low: float, high: float, smoothing: float, tmp_path: Path
) -> None:
    seen = record(
        tmp_path, lambda z, y: F.cross_entropy(getattr(z, activation)(), y, label_smoothing=smoothing), CLASSES, 10
    )
    finding = told(seen, RULE)
    sure = low + (high - low) * F.one_hot(CLASSES, 10).double()
    least = F.cross_entropy(sure, CLASSES, label_smoothing=smoothing).item()
    assert figures_of(finding)["loss_floor"] <= least + 1e-9
    if not smoothing:
        assert figures_of(finding)["loss_floor"] == pytest.approx(least)


@settings(deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=4, max_size=4), st.integers(0, 3))
def test_no_scores_of_tanh_come_below_the_floor(scores: list[float], label: int) -> None:
    floor = _floor(Loss("ce", "cross_entropy", options={"classes": 4}, made_by="tanh", low=-1.0, high=1.0))
    assert floor is not None
    assert F.cross_entropy(torch.tensor(scores), torch.tensor(label)).item() >= floor - 1e-5


SOUND: dict[str, Form] = {
    "no activation": F.mse_loss,
    "scaled afterwards": lambda z, y: F.mse_loss(10 * z.tanh(), y),
    "targets within": lambda z, y: F.mse_loss(z.tanh(), (y / 20).clamp(-1, 1)),
    "targets at the edge": lambda z, y: F.mse_loss(z.sigmoid(), (y > 0).float()),
    "positive targets": lambda z, y: F.mse_loss(z.relu(), y.abs()),
    "a few outliers": lambda z, y: F.mse_loss(z.tanh(), torch.cat([torch.full((1, 1), 9.0), y[1:] / 20])),
}


@pytest.mark.parametrize("form", SOUND)
def test_what_can_be_reached_is_sound(form: str, tmp_path: Path) -> None:
    assert said(record(tmp_path, SOUND[form]), RULE) == []


def test_scores_that_are_scaled_or_unbounded_have_no_floor(tmp_path: Path) -> None:
    for number, form in enumerate((lambda z: 10 * z.tanh(), lambda z: z.relu() - 1, lambda z: z)):
        (tmp_path / str(number)).mkdir()
        seen = record(tmp_path / str(number), lambda z, y, form=form: F.cross_entropy(form(z), y), CLASSES, 10)
        assert said(seen, RULE) == []


def test_scores_behind_a_relu_are_cut_off(tmp_path: Path) -> None:
    seen = record(tmp_path, lambda z, y: F.cross_entropy(z.relu(), y), CLASSES, 10)
    finding = told(seen, RULE)
    assert finding.severity == ("warning" if Case.of(seen).learns is False else "advice")
    assert "those that it cuts off get no gradient" in finding.message
    assert "loss_floor" not in figures_of(finding)


Scores = Callable[[Tensor, Tensor], Tensor]
UNIT: dict[str, Scores] = {
    "a product": lambda a, b: F.normalize(a, dim=1) @ F.normalize(b, dim=1).T,
    "of what was divided by hand": lambda a, b: (a / a.norm(dim=1, keepdim=True)) @ F.normalize(b, dim=1).T,
    "with a bank of the past": lambda a, b: F.normalize(a, dim=1) @ F.normalize(b.detach(), dim=1).T,
    "cosine_similarity": lambda a, b: F.cosine_similarity(a[:, None], b[None], dim=-1),
    "without their own": lambda a, b: (F.normalize(a, dim=1) @ F.normalize(b, dim=1).T).masked_fill(
        torch.eye(len(a), dtype=torch.bool).roll(1, 0), -1e9
    ),
}
PAIRS = torch.arange(64)


@pytest.mark.parametrize("form", UNIT)
def test_similarities_times_a_temperature_are_all_nearly_one(form: str, tmp_path: Path) -> None:
    def scores(z: Tensor) -> Tensor:
        return UNIT[form](z[:, :8], z[:, 8:])

    finding = told(record(tmp_path, lambda z, y: F.cross_entropy(scores(z) * 0.07, y), PAIRS, 16), RULE)
    floor = math.log1p(63 * math.exp(-0.14))
    assert figures_of(finding)["loss_floor"] == pytest.approx(floor, rel=1e-4)
    assert finding.remedy is not None
    assert "/ 0.07" in finding.remedy.code
    for number, scale in enumerate((1 / 0.07, 1 / 0.5)):  # as papers divide
        (tmp_path / str(number)).mkdir()
        seen = record(
            tmp_path / str(number), lambda z, y, scale=scale: F.cross_entropy(scores(z) * scale, y), PAIRS, 16
        )
        assert said(seen, RULE) == []


LEARNT = nn.Parameter(torch.tensor(-2.0))
FREE: dict[str, Scores] = {
    "products of any length": lambda a, b: a @ b.T * 0.07,
    "one side of any length": lambda a, b: F.normalize(a, dim=1) @ b.T * 0.07,
    "a temperature that is learnt": lambda a, b: F.normalize(a, dim=1) @ F.normalize(b, dim=1).T * LEARNT.exp(),
}


@pytest.mark.parametrize("form", FREE)
def test_other_products_have_no_floor(form: str, tmp_path: Path) -> None:
    seen = record(tmp_path, lambda z, y: F.cross_entropy(FREE[form](z[:, :8], z[:, 8:]), y), PAIRS, 16)
    assert said(seen, RULE) == []


def test_softmax_is_told_by_its_own_rule(tmp_path: Path) -> None:
    seen = record(tmp_path, lambda z, y: F.cross_entropy(z.softmax(1), y), CLASSES, 10)
    assert said(seen, RULE) == []
    told(seen, "softmax-before-cross-entropy")


@pytest.mark.parametrize(
    ("facts", "fires"),
    [
        ({"floor": FLOOR_SHARE + 0.01}, True),
        ({"floor": FLOOR_SHARE - 0.01}, False),
        ({"outside": OUTSIDE + 0.01}, True),
        ({"outside": OUTSIDE - 0.01}, False),
        ({"trained": False}, False),
        ({"targets": Targets()}, False),
    ],
)
def test_the_limits_are_on_the_floor_and_on_the_share_of_targets(facts: dict, fires: bool) -> None:
    assert bool(said(run(chain(head()), losses=[(replace(MSE, **facts), 0.9)]), RULE)) is fires


def test_it_is_an_error_where_nothing_is_learnt() -> None:
    assert told(run(chain(head()), losses=[(MSE, 1.0)]), RULE).severity == "error"
    assert told(run(chain(head()), losses=[(MSE, 0.5)]), RULE).severity == "warning"
    assert math.isclose(figures_of(told(run(chain(head()), losses=[(MSE, 0.5)]), RULE))["loss_floor"], 0.5)


def test_without_a_loss_function_it_is_not_judged() -> None:
    assert RULE in unjudged(run(chain(head())))


LABELS = (torch.arange(64) % 4 == 0).float().view(-1, 1)


@pytest.mark.parametrize(
    ("loss", "activation", "least", "most"),
    [
        (F.binary_cross_entropy, lambda z: z.relu().sigmoid(), 0.5, 1),
        (F.binary_cross_entropy, lambda z: z.sigmoid().sigmoid(), 0.5, 1 / (1 + math.exp(-1))),
        (F.binary_cross_entropy_with_logits, torch.relu, 0.5, 1),
        (F.binary_cross_entropy_with_logits, torch.tanh, 1 / (1 + math.e), 1 / (1 + math.exp(-1))),
    ],
)
def test_chances_that_cannot_be_given_leave_a_loss(
    loss: Form, activation: Callable[[Tensor], Tensor], least: float, most: float, tmp_path: Path
) -> None:
    finding = told(record(tmp_path, lambda z, y: loss(activation(z), y), LABELS), RULE)
    nearest = torch.where(LABELS > 0.5, torch.tensor(most), torch.tensor(least))
    expected = F.binary_cross_entropy(nearest.float(), LABELS).item()
    assert figures_of(finding)["loss_floor"] == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    "loss",
    [
        lambda z, y: F.binary_cross_entropy(z.sigmoid(), y),
        lambda z, y: F.binary_cross_entropy_with_logits(z, y),
        lambda z, y: F.binary_cross_entropy_with_logits(F.hardtanh(z, -10, 10), y),
        lambda z, y: F.binary_cross_entropy_with_logits(F.leaky_relu(z), y),
    ],
)
def test_chances_between_nearly_zero_and_one_are_sound(loss: Form, tmp_path: Path) -> None:
    assert said(record(tmp_path, loss, LABELS), RULE) == []


def several(targets: Tensor, kind: str) -> Loss:
    count = targets.shape[0]
    shape = tuple(targets.shape)
    seen = Targets(float(count), (), tuple(targets.sum(0).tolist()), tuple(targets.var(0, correction=0).tolist()))
    return replace(
        MSE,
        kind=kind,
        targets=seen,
        made_by="softmax",
        low=0.0,
        outside=0.0,
        floor=0.0,
        softmax_axis=1,
        softmax_size=shape[1],
        shape=shape,
        target_shape=shape,
    )


@pytest.mark.parametrize("kind", ["mse_loss", "l1_loss", "binary_cross_entropy"])
@settings(deadline=None, max_examples=60)
@given(seed=st.integers(0, 10_000), share=st.floats(0, 1), labels=st.integers(2, 6))
def test_no_softmax_comes_below_the_floor_of_labels_that_hold_together(
    kind: str, seed: int, share: float, labels: int
) -> None:
    """The nearer the answers are to the best ones, equal shares of all that hold, the nearer is the loss to the floor."""
    generator = torch.Generator().manual_seed(seed)
    y = (torch.rand(5, labels, generator=generator) < share).double()
    p = (torch.randn(5, labels, generator=generator).double() + 9 * y).softmax(1)
    floor = _floor(several(y, kind))
    assert floor is None or getattr(F, kind)(p, y).item() >= floor - 1e-12


@pytest.mark.parametrize("kind", ["mse_loss", "binary_cross_entropy"])
def test_labels_of_which_two_of_four_hold_are_as_far_away_as_the_floor_says(kind: str, tmp_path: Path) -> None:
    y = torch.tensor([[1.0, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1], [1, 0, 0, 1]]).repeat(16, 1)
    finding = told(record(tmp_path, lambda z, y: getattr(F, kind)(z.softmax(1), y), y, 4), RULE)
    least = getattr(F, kind)(y / 2, y).item()
    assert figures_of(finding)["loss_floor"] <= least + 1e-6
    if kind != "mse_loss":  # its best answers lie within the plane of sum 1, not on the nearest line
        assert figures_of(finding)["loss_floor"] == pytest.approx(least, rel=1e-6)


@pytest.mark.parametrize(
    "form",
    [
        lambda z, y: F.mse_loss(z.softmax(1), y),  # one label each: they sum to 1
        lambda z, y: F.mse_loss(z.softmax(0), y + y.roll(1, 1)),  # over the batch
        lambda z, y: F.mse_loss(2 * z.softmax(1), y + 0.25),  # scaled: they sum to 2
        lambda z, y: F.binary_cross_entropy(z.softmax(1), 0.5 * y),  # less than one label each
    ],
)
def test_a_softmax_whose_sum_fits_is_sound(form: Form, tmp_path: Path) -> None:
    y = F.one_hot(torch.arange(64) % 4, 4).float()
    assert not said(record(tmp_path, form, y, 4), RULE)


def contrasted(folder: Path, form: Callable[[Tensor, Tensor], Tensor]) -> Record:
    """Two towers on 64 pairs; `form` makes scores of what they give."""
    torch.manual_seed(0)
    x = torch.randn(64, 8)
    towers = nn.ModuleList((nn.Linear(8, 6), nn.Linear(8, 6)))
    optimizer = torch.optim.Adam(towers.parameters(), lr=1e-2)
    with hs.watch(towers, record=folder / "run.db") as watch:
        for _ in range(4):
            optimizer.zero_grad()
            F.cross_entropy(form(towers[0](x), towers[1](x)), torch.arange(64)).backward()
            optimizer.step()
    return watch.read()


@pytest.mark.parametrize(
    "form",
    [
        lambda a, b: F.normalize(a, dim=-1) @ F.normalize(b, dim=-1).t(),
        lambda a, b: (a / a.norm(dim=1, keepdim=True)) @ (b / b.norm(dim=1, keepdim=True)).T,
        lambda a, b: (F.normalize(a) @ F.normalize(b).t()).t() / 1.0,
        lambda a, b: F.linear(F.normalize(a), F.normalize(b.detach())),
    ],
)
def test_cosines_that_no_temperature_spreads_leave_a_loss(form: Any, tmp_path: Path) -> None:
    finding = told(contrasted(tmp_path, form), RULE)
    assert finding.severity == "advice"
    assert figures_of(finding)["loss_floor"] == pytest.approx(math.log1p(63 * math.exp(-2)))
    assert finding.remedy is not None
    assert "/ 0.07" in finding.remedy.code
    best = F.cross_entropy(2 * torch.eye(64) - 1, torch.arange(64)).item()  # no cosines are better
    assert best == pytest.approx(figures_of(finding)["loss_floor"], rel=1e-4)


@pytest.mark.parametrize(
    "form",
    [
        lambda a, b: F.normalize(a) @ F.normalize(b).t() / 0.07,
        lambda a, b: F.normalize(a) @ F.normalize(b).t() / 0.5,
        lambda a, b: torch.tensor(1.5) * F.normalize(a) @ F.normalize(b).t(),
        lambda a, b: nn.Parameter(torch.tensor(2.6)).exp() * F.normalize(a) @ F.normalize(b).t(),
        lambda a, b: F.normalize(a) @ b.t(),
        lambda a, b: F.normalize(a, dim=0) @ F.normalize(b).t(),
        lambda a, b: F.normalize(a) @ b.detach().t(),
        lambda a, b: a @ b.t(),
    ],
)
def test_scores_that_a_temperature_spreads_or_that_are_no_cosines_are_sound(form: Any, tmp_path: Path) -> None:
    assert said(contrasted(tmp_path, form), RULE) == []
